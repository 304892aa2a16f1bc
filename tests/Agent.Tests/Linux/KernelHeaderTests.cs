using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Appliance.Linux.Kvm;
using Appliance.Linux.Uring;

namespace Appliance.Agent.Tests.Linux;

/// <summary>The structs and request numbers of this code against the kernel's own headers: by a table of what they are, and where a C compiler is by the header itself.</summary>
public sealed class KernelHeaderTests
{
    // What C calls it, and what this code takes it for.
    private static readonly (string Expression, long Value)[] Facts =
    [
        ("sizeof(struct kvm_regs)", Unsafe.SizeOf<kvm_regs>()),
        ("sizeof(struct kvm_sregs)", Unsafe.SizeOf<kvm_sregs>()),
        ("sizeof(struct kvm_segment)", Unsafe.SizeOf<kvm_segment>()),
        ("sizeof(struct kvm_dtable)", Unsafe.SizeOf<kvm_dtable>()),
        ("sizeof(struct kvm_fpu)", Unsafe.SizeOf<kvm_fpu>()),
        ("sizeof(struct kvm_lapic_state)", Unsafe.SizeOf<kvm_lapic_state>()),
        ("sizeof(struct kvm_msr_entry)", Unsafe.SizeOf<kvm_msr_entry>()),
        ("sizeof(struct kvm_cpuid_entry2)", Unsafe.SizeOf<kvm_cpuid_entry2>()),
        ("sizeof(struct kvm_mp_state)", Unsafe.SizeOf<kvm_mp_state>()),
        ("sizeof(struct kvm_userspace_memory_region)", Unsafe.SizeOf<kvm_userspace_memory_region>()),
        ("sizeof(struct kvm_dirty_log)", Unsafe.SizeOf<kvm_dirty_log>()),
        ("sizeof(struct kvm_irqfd)", Unsafe.SizeOf<kvm_irqfd>()),
        ("sizeof(struct kvm_ioeventfd)", Unsafe.SizeOf<kvm_ioeventfd>()),
        ("sizeof(struct kvm_irq_routing_entry)", Unsafe.SizeOf<kvm_irq_routing_entry>()),
        ("sizeof(struct io_uring_params)", Unsafe.SizeOf<io_uring_params>()),
        ("sizeof(struct io_uring_sqe)", Unsafe.SizeOf<io_uring_sqe>()),
        ("sizeof(struct io_uring_cqe)", Unsafe.SizeOf<io_uring_cqe>()),
        ("sizeof(struct iovec)", Unsafe.SizeOf<iovec>()),

        ("offsetof(struct kvm_regs, rip)", Offset<kvm_regs>("rip")),
        ("offsetof(struct kvm_sregs, cr0)", Offset<kvm_sregs>("cr0")),
        ("offsetof(struct kvm_sregs, efer)", Offset<kvm_sregs>("efer")),
        ("offsetof(struct kvm_sregs, gdt)", Offset<kvm_sregs>("gdt")),
        ("offsetof(struct kvm_segment, selector)", Offset<kvm_segment>("selector")),
        ("offsetof(struct kvm_segment, g)", Offset<kvm_segment>("g")),
        ("offsetof(struct kvm_fpu, fcw)", Offset<kvm_fpu>("fcw")),
        ("offsetof(struct kvm_fpu, mxcsr)", Offset<kvm_fpu>("mxcsr")),
        ("offsetof(struct kvm_ioeventfd, flags)", Offset<kvm_ioeventfd>("flags")),
        ("offsetof(struct kvm_irq_routing_entry, u)", Offset<kvm_irq_routing_entry>("irqchip_irqchip")),
        ("offsetof(struct kvm_irq_routing_entry, u.msi.data)", Offset<kvm_irq_routing_entry>("msi_data")),
        ("offsetof(struct kvm_run, immediate_exit)", Offset<kvm_run>("immediate_exit")),
        ("offsetof(struct kvm_run, exit_reason)", Offset<kvm_run>("exit_reason")),
        ("offsetof(struct kvm_run, io.direction)", Offset<kvm_run>("io_direction")),
        ("offsetof(struct kvm_run, io.port)", Offset<kvm_run>("io_port")),
        ("offsetof(struct kvm_run, io.count)", Offset<kvm_run>("io_count")),
        ("offsetof(struct kvm_run, io.data_offset)", Offset<kvm_run>("io_data_offset")),
        ("offsetof(struct kvm_run, mmio.phys_addr)", Offset<kvm_run>("mmio_phys_addr")),
        ("offsetof(struct kvm_run, mmio.data)", Offset<kvm_run>("mmio_data")),
        ("offsetof(struct kvm_run, mmio.len)", Offset<kvm_run>("mmio_len")),
        ("offsetof(struct kvm_run, mmio.is_write)", Offset<kvm_run>("mmio_is_write")),
        ("offsetof(struct kvm_run, internal.suberror)", Offset<kvm_run>("internal_suberror")),
        ("offsetof(struct io_uring_params, sq_off)", Offset<io_uring_params>("sq_off")),
        ("offsetof(struct io_uring_params, cq_off)", Offset<io_uring_params>("cq_off")),
        ("offsetof(struct io_sqring_offsets, array)", Offset<io_sqring_offsets>("array")),
        ("offsetof(struct io_cqring_offsets, cqes)", Offset<io_cqring_offsets>("cqes")),
        ("offsetof(struct io_uring_sqe, addr)", Offset<io_uring_sqe>("addr")),
        ("offsetof(struct io_uring_sqe, fsync_flags)", Offset<io_uring_sqe>("op_flags")),
        ("offsetof(struct io_uring_sqe, user_data)", Offset<io_uring_sqe>("user_data")),

        .. Numbers(typeof(KvmConstants)),
        .. Numbers(typeof(UringConstants)),
    ];

    [Fact]
    public void Structs_have_the_sizes_of_the_x86_64_interface()
    {
        Assert.Equal((144, 312, 24, 16, 416), (Unsafe.SizeOf<kvm_regs>(), Unsafe.SizeOf<kvm_sregs>(), Unsafe.SizeOf<kvm_segment>(), Unsafe.SizeOf<kvm_dtable>(), Unsafe.SizeOf<kvm_fpu>()));
        Assert.Equal((1024, 16, 40, 4), (Unsafe.SizeOf<kvm_lapic_state>(), Unsafe.SizeOf<kvm_msr_entry>(), Unsafe.SizeOf<kvm_cpuid_entry2>(), Unsafe.SizeOf<kvm_mp_state>()));
        Assert.Equal((32, 16, 32, 64, 48), (Unsafe.SizeOf<kvm_userspace_memory_region>(), Unsafe.SizeOf<kvm_dirty_log>(), Unsafe.SizeOf<kvm_irqfd>(), Unsafe.SizeOf<kvm_ioeventfd>(), Unsafe.SizeOf<kvm_irq_routing_entry>()));
        Assert.Equal((120, 64, 16, 16), (Unsafe.SizeOf<io_uring_params>(), Unsafe.SizeOf<io_uring_sqe>(), Unsafe.SizeOf<io_uring_cqe>(), Unsafe.SizeOf<iovec>()));
    }

    [Fact]
    public void Structs_and_numbers_agree_with_the_installed_headers()
    {
        Assert.SkipWhen(FindCompiler() is null, "no C compiler");
        Assert.SkipUnless(File.Exists("/usr/include/linux/kvm.h"), "no kernel headers (linux-libc-dev)");

        var program = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include <sys/uio.h>\n#include <linux/falloc.h>\n#include <linux/io_uring.h>\n#include <linux/kvm.h>\nint main(void) {\n");
        foreach (var (expression, _) in Facts)
            program.Append(CultureInfo.InvariantCulture, $"printf(\"%lld\\n\", (long long)({expression}));\n");
        string[] answers = CompileAndRun(program.Append("return 0; }\n").ToString());

        Assert.Equal(Facts.Length, answers.Length);
        var wrong = Facts.Zip(answers).Where(pair => pair.First.Value != long.Parse(pair.Second, CultureInfo.InvariantCulture));
        Assert.Empty(wrong.Select(pair => $"{pair.First.Expression} is {pair.Second}, not {pair.First.Value}"));
    }

    private static long Offset<T>(string field) => (long)Marshal.OffsetOf<T>(field);

    private static IEnumerable<(string, long)> Numbers(Type constants) => constants
        .GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public)
        .Where(field => field.IsLiteral)
        .Select(field => (field.Name, Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)));

    private static string? FindCompiler() => new[] { "/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang" }.FirstOrDefault(File.Exists);

    private static string[] CompileAndRun(string source)
    {
        string folder = Directory.CreateTempSubdirectory("headers").FullName;
        try
        {
            File.WriteAllText($"{folder}/facts.c", source);
            Run(FindCompiler()!, "-o", $"{folder}/facts", $"{folder}/facts.c");
            return Run($"{folder}/facts").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(error);
    }
}

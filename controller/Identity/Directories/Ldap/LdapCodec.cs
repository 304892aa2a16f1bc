using System.Formats.Asn1;
using System.Text;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>The messages of RFC 4511 that reading a directory takes, in BER.</summary>
internal static class LdapCodec
{
    public const int BindResponse = 1;
    public const int SearchEntry = 4;
    public const int SearchDone = 5;
    public const int SearchReference = 19;
    public const int ExtendedResponse = 24;

    private const string StartTlsOid = "1.3.6.1.4.1.1466.20037";
    private const string PagedResultsOid = "1.2.840.113556.1.4.319";

    /// <summary>A simple bind. RFC 4511 §4.2.</summary>
    public static byte[] Bind(int id, string dn, string password) => Message(id, writer =>
    {
        using var request = writer.PushSequence(Application(0));
        writer.WriteInteger(3);
        WriteText(writer, dn);
        writer.WriteOctetString(Encoding.UTF8.GetBytes(password), new Asn1Tag(TagClass.ContextSpecific, 0));
    });

    public static byte[] Unbind(int id) => Message(id, static writer => writer.WriteNull(new Asn1Tag(TagClass.Application, 2)));

    public static byte[] StartTls(int id) => Message(id, static writer =>
    {
        using var request = writer.PushSequence(Application(23));
        writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsOid), new Asn1Tag(TagClass.ContextSpecific, 0));
    });

    /// <param name="cookie">Where the page before ended; empty: the first page.</param>
    public static byte[] Search(int id, LdapSearch search, int timeLimitSeconds, byte[] cookie) => Message(id, writer =>
    {
        using (writer.PushSequence(Application(3)))
        {
            WriteText(writer, search.BaseDn);
            WriteEnumerated(writer, (byte)search.Scope);
            WriteEnumerated(writer, (byte)search.Dereference);
            writer.WriteInteger(search.SizeLimit);
            writer.WriteInteger(timeLimitSeconds);
            writer.WriteBoolean(false);
            search.Filter.Write(writer);
            using var attributes = writer.PushSequence();
            foreach (var attribute in search.Attributes)
                WriteText(writer, attribute);
        }

        if (search.PageSize > 0)
            WritePaging(writer, search.PageSize, cookie);
    });

    /// <summary>Number, kind and content of a message; the controls are those of a page's end.</summary>
    /// <exception cref="AsnContentException">It is no LDAP message.</exception>
    public static LdapMessage Read(byte[] message)
    {
        var whole = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        if (!whole.TryReadInt32(out var id))
            throw new AsnContentException("the number of a message is too large");
        var tag = whole.PeekTag();
        if (tag.TagClass != TagClass.Application)
            throw new AsnContentException("a message has no operation");
        var content = tag.IsConstructed ? whole.ReadSequence(tag) : new AsnReader(default, AsnEncodingRules.BER);
        return new LdapMessage(id, tag.TagValue, content, whole.HasData ? ReadCookie(whole) : []);
    }

    public static LdapResult ReadResult(AsnReader content)
    {
        var code = content.ReadEnumeratedBytes().Span;
        content.ReadOctetString();
        var text = Encoding.UTF8.GetString(content.ReadOctetString());
        return new LdapResult((LdapResultCode)(code.Length == 1 ? code[0] : int.MaxValue), text);
    }

    public static LdapEntry ReadEntry(AsnReader content)
    {
        var entry = new LdapEntry(Encoding.UTF8.GetString(content.ReadOctetString()));
        var attributes = content.ReadSequence();
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var name = Encoding.UTF8.GetString(attribute.ReadOctetString());
            var set = attribute.ReadSetOf(skipSortOrderValidation: true);
            var values = new List<byte[]>();
            while (set.HasData)
                values.Add(set.ReadOctetString());
            entry.Add(name, values);
        }

        return entry;
    }

    // RFC 2696. Not critical: a server that cannot page sends everything at once.
    private static void WritePaging(AsnWriter writer, int pageSize, byte[] cookie)
    {
        var value = new AsnWriter(AsnEncodingRules.BER);
        using (value.PushSequence())
        {
            value.WriteInteger(pageSize);
            value.WriteOctetString(cookie);
        }

        using var controls = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
        using var control = writer.PushSequence();
        WriteText(writer, PagedResultsOid);
        writer.WriteOctetString(value.Encode());
    }

    private static byte[] ReadCookie(AsnReader whole)
    {
        var controls = whole.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
        while (controls.HasData)
        {
            var control = controls.ReadSequence();
            var isPaging = Encoding.ASCII.GetString(control.ReadOctetString()) == PagedResultsOid;
            if (control.HasData && control.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
                control.ReadBoolean();
            if (!isPaging || !control.HasData)
                continue;
            var value = new AsnReader(control.ReadOctetString(), AsnEncodingRules.BER).ReadSequence();
            value.ReadInteger();
            return value.ReadOctetString();
        }

        return [];
    }

    private static byte[] Message(int id, Action<AsnWriter> writeOperation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            writeOperation(writer);
        }

        return writer.Encode();
    }

    private static Asn1Tag Application(int number) => new(TagClass.Application, number, isConstructed: true);

    private static void WriteText(AsnWriter writer, string text) => writer.WriteOctetString(Encoding.UTF8.GetBytes(text));

    private static void WriteEnumerated(AsnWriter writer, byte value) => writer.WriteEncodedValue([0x0a, 0x01, value]);
}

/// <param name="Id">0: the server speaks unasked, which it does to say that it ends the connection.</param>
/// <param name="Cookie">Where the next page begins; empty: there is none.</param>
internal readonly record struct LdapMessage(int Id, int Operation, AsnReader Content, byte[] Cookie);

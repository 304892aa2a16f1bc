using System.Text;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>What a path of the metadata trees shows.</summary>
internal sealed record MetadataContent(byte[] Body, string ContentType)
{
    public const string PlainText = "text/plain; charset=UTF-8";
    public const string Json = "application/json";

    public static MetadataContent Text(string text) => new(Encoding.UTF8.GetBytes(text), PlainText);

    public static MetadataContent List(IEnumerable<string> lines) => Text(string.Join('\n', lines));
}

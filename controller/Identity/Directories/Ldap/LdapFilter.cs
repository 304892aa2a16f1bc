using System.Formats.Asn1;
using System.Text;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>
/// A search filter as it goes over the wire. Values are octets with a length, never part of a text that is parsed: what a client asks for
/// cannot change what a filter means. RFC 4511 §4.5.1.7.
/// </summary>
internal abstract record LdapFilter
{
    public abstract void Write(AsnWriter writer);

    public static LdapFilter Equal(string attribute, string value) => new Comparison(3, attribute, Encoding.UTF8.GetBytes(value));
    public static LdapFilter Equal(string attribute, byte[] value) => new Comparison(3, attribute, value);
    public static LdapFilter Present(string attribute) => new Presence(attribute);
    public static LdapFilter And(params IEnumerable<LdapFilter> parts) => new Set(0, [.. parts]);
    public static LdapFilter Or(params IEnumerable<LdapFilter> parts) => new Set(1, [.. parts]);

    /// <summary>By Active Directory's rule that follows memberships of memberships.</summary>
    public static LdapFilter InChain(string attribute, string dn) => new Extensible("1.2.840.113556.1.4.1941", attribute, Encoding.UTF8.GetBytes(dn), false);

    protected static Asn1Tag Tag(int number, bool isConstructed) => new(TagClass.ContextSpecific, number, isConstructed);

    protected static void WriteText(AsnWriter writer, string text) => writer.WriteOctetString(Encoding.UTF8.GetBytes(text));

    /// <param name="Kind">0: all of them; 1: any of them.</param>
    public sealed record Set(int Kind, IReadOnlyList<LdapFilter> Parts) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using var set = writer.PushSetOf(Tag(Kind, true));
            foreach (var part in Parts)
                part.Write(writer);
        }
    }

    public sealed record Not(LdapFilter Part) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using var not = writer.PushSequence(Tag(2, true));
            Part.Write(writer);
        }
    }

    /// <param name="Kind">3 equal, 5 greater or equal, 6 less or equal, 8 about equal.</param>
    public sealed record Comparison(int Kind, string Attribute, byte[] Value) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using var comparison = writer.PushSequence(Tag(Kind, true));
            WriteText(writer, Attribute);
            writer.WriteOctetString(Value);
        }
    }

    public sealed record Presence(string Attribute) : LdapFilter
    {
        public override void Write(AsnWriter writer) => writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute), Tag(7, false));
    }

    /// <param name="Initial">Null: anything may come first.</param>
    /// <param name="Final">Null: anything may come last.</param>
    public sealed record Substrings(string Attribute, byte[]? Initial, IReadOnlyList<byte[]> Any, byte[]? Final) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using var whole = writer.PushSequence(Tag(4, true));
            WriteText(writer, Attribute);
            using var pieces = writer.PushSequence();
            if (Initial is not null)
                writer.WriteOctetString(Initial, Tag(0, false));
            foreach (var any in Any)
                writer.WriteOctetString(any, Tag(1, false));
            if (Final is not null)
                writer.WriteOctetString(Final, Tag(2, false));
        }
    }

    public sealed record Extensible(string? Rule, string? Attribute, byte[] Value, bool IncludesDn) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using var whole = writer.PushSequence(Tag(9, true));
            if (Rule is not null)
                writer.WriteOctetString(Encoding.UTF8.GetBytes(Rule), Tag(1, false));
            if (Attribute is not null)
                writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute), Tag(2, false));
            writer.WriteOctetString(Value, Tag(3, false));
            if (IncludesDn)
                writer.WriteBoolean(true, Tag(4, false));
        }
    }
}

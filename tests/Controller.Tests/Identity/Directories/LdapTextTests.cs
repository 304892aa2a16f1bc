using System.Formats.Asn1;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Directories.Ldap;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>Filters and names as text.</summary>
public class LdapTextTests
{
    [Theory]
    // The encodings are those that OpenLDAP's client sends.
    [InlineData("(cn=Babs Jensen)", "A3110402636E040B42616273204A656E73656E")]
    [InlineData("(!(cn=Tim))", "A20BA3090402636E040354696D")]
    [InlineData("(&(a=1)(b=2))", "A010A306040161040131A306040162040132")]
    [InlineData("(o=univ*of*mich*)", "A415" + "04016F" + "3010" + "8004756E6976" + "81026F66" + "81046D696368")]
    [InlineData("(seeAlso=)", "A30B" + "0407736565416C736F" + "0400")]
    [InlineData("(objectClass=*)", "870B6F626A656374436C617373")]
    [InlineData(@"(cn=\2a\28)", "A3080402636E04022A28")]
    [InlineData("(uid>=5)", "A508" + "0403756964" + "040135")]
    [InlineData("(cn:dn:2.4.6.8.10:=x)", "A916" + "810A322E342E362E382E3130" + "8202636E" + "830178" + "8401FF")]
    public void A_filter_is_read_and_encoded(string text, string encoded)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        Assert.Single(LdapFilterText.Parse(text)).Write(writer);
        Assert.Equal(encoded, Convert.ToHexString(writer.Encode()));
    }

    [Theory]
    [InlineData("cn=x")]
    [InlineData("(cn=x")]
    [InlineData("(cn)")]
    [InlineData("(=x)")]
    [InlineData(@"(cn=\zz)")]
    [InlineData("(cn>=a*b)")]
    [InlineData("(cn=x))")]
    [InlineData("(a:b:c:=x)")]
    public void What_is_no_filter_is_refused(string text) => Assert.Throws<FormatException>(() => LdapFilterText.Parse(text));

    [Fact]
    public void A_filter_cannot_exhaust_the_stack() =>
        Assert.Throws<FormatException>(static () => LdapFilterText.Parse(new string('(', 100_000).Replace("(", "(!", StringComparison.Ordinal)));

    [Theory]
    [InlineData("cn=Ann,ou=Users,dc=x", "CN=ann, OU=users,DC=x")]
    [InlineData(@"cn=Lee\, Ann,dc=x", @"cn=lee\2c ann,dc=x")]
    [InlineData("cn=a+sn=b,dc=x", "SN=B+CN=A,dc=x")]
    [InlineData("cn=a  b,dc=x", "cn=A B,dc=x")]
    public void Names_that_are_the_same_are_found_so(string one, string other) =>
        Assert.Equal(DistinguishedName.Normalize(one), DistinguishedName.Normalize(other));

    [Theory]
    [InlineData("cn=a,dc=x", "cn=a,dc=y")]
    [InlineData(@"cn=a\,dc=x", "cn=a,dc=x")]
    [InlineData("cn=a,dc=x", "sn=a,dc=x")]
    public void Names_that_differ_are_not(string one, string other) =>
        Assert.NotEqual(DistinguishedName.Normalize(one), DistinguishedName.Normalize(other));

    [Fact]
    public void The_first_part_of_a_name_is_without_its_escapes() =>
        Assert.Equal(new NamePart("cn", "Lee, Ann ü"), Assert.Single(DistinguishedName.First(@"cn=Lee\, Ann \c3\bc,dc=x")));

    [Theory]
    [InlineData("TRUE", true, 0, false)]
    [InlineData("false", false, 0, false)]
    [InlineData("TRUE", false, 0, true)]
    [InlineData(null, true, 0, false)]
    [InlineData("66050", false, 2, false)]
    [InlineData("66048", true, 2, false)]
    [InlineData("junk", false, 2, false)]
    [InlineData("1", true, 0, false)]
    public void Enabled_is_what_the_attribute_says(string? value, bool isEnabled, int mask, bool isInverted) => Assert.Equal(
        isEnabled, DirectoryEntries.IsEnabled(value, new EnabledOptions(mask, isInverted, mask == 0 ? "True" : "512", false, "", "member", false)));
}

namespace Appliance.Controller.Identity.Settings;

/// <summary><c>[saml]</c>: this site as an identity provider of other clouds. Source: keystone/conf/saml.py.</summary>
internal sealed record SamlSettings
{
    /// <summary>In seconds in the file.</summary>
    public TimeSpan AssertionExpirationTime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>PEM file of the certificate that goes with <see cref="KeyFile"/>; null: both are made at the first use and kept in the database.</summary>
    public string? CertFile { get; init; }

    /// <summary>PEM file of an RSA key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>What this site calls itself; null: a name of its own that never changes.</summary>
    public string? IdpEntityId { get; init; }

    /// <summary>URL in the metadata; null: below the address that they are read from.</summary>
    public string? IdpSsoEndpoint { get; init; }

    public string IdpLang { get; init; } = "en";
    public string? IdpOrganizationName { get; init; }
    public string? IdpOrganizationDisplayName { get; init; }
    public string? IdpOrganizationUrl { get; init; }
    public string? IdpContactCompany { get; init; }
    public string? IdpContactName { get; init; }
    public string? IdpContactSurname { get; init; }
    public string? IdpContactEmail { get; init; }
    public string? IdpContactTelephone { get; init; }
    public string IdpContactType { get; init; } = "other";

    /// <summary>What the relay state of service providers begins with that do not say otherwise.</summary>
    public string RelayStatePrefix { get; init; } = "ss:mem:";

    /// <exception cref="FormatException">A value that an option cannot have, or one of <c>certfile</c> and <c>keyfile</c> without the other.</exception>
    public static SamlSettings Read(SettingsSection section)
    {
        var settings = new SamlSettings
        {
            AssertionExpirationTime = TimeSpan.FromSeconds(section.Integer("assertion_expiration_time", 1) ?? 3600),
            CertFile = section.Text("certfile"),
            KeyFile = section.Text("keyfile"),
            IdpEntityId = section.Text("idp_entity_id"),
            IdpSsoEndpoint = section.Text("idp_sso_endpoint"),
            IdpLang = section.Text("idp_lang") ?? "en",
            IdpOrganizationName = section.Text("idp_organization_name"),
            IdpOrganizationDisplayName = section.Text("idp_organization_display_name"),
            IdpOrganizationUrl = section.Text("idp_organization_url"),
            IdpContactCompany = section.Text("idp_contact_company"),
            IdpContactName = section.Text("idp_contact_name"),
            IdpContactSurname = section.Text("idp_contact_surname"),
            IdpContactEmail = section.Text("idp_contact_email"),
            IdpContactTelephone = section.Text("idp_contact_telephone"),
            IdpContactType = section.Choice("idp_contact_type", "other", "technical", "support", "administrative", "billing"),
            RelayStatePrefix = section.Text("relay_state_prefix") ?? "ss:mem:",
        };
        return (settings.CertFile is null) == (settings.KeyFile is null)
            ? settings
            : throw new FormatException("[saml]: certfile and keyfile go together");
    }
}

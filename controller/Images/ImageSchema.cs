using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Images;

/// <summary>What an image body may hold. Source: glance/api/v2/images.py <c>get_base_properties</c>; formats as glance-api.conf's defaults.</summary>
internal static class ImageSchema
{
    public static readonly string[] DiskFormats = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"];
    public static readonly string[] ContainerFormats = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"];
    public static readonly string[] Visibilities =
        [ImageVisibility.Community, ImageVisibility.Public, ImageVisibility.Private, ImageVisibility.Shared];

    /// <summary>Attributes with a meaning of their own; every other member is a free property.</summary>
    public static readonly string[] BaseAttributes =
    [
        "id", "name", "status", "visibility", "protected", "os_hidden", "checksum", "os_hash_algo", "os_hash_value", "owner", "size",
        "virtual_size", "container_format", "disk_format", "created_at", "updated_at", "tags", "direct_url", "min_ram", "min_disk", "self",
        "file", "schema", "locations", "stores",
    ];

    public static readonly string[] ReadOnly =
    [
        "created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url", "self", "file", "schema", "id",
        "os_hash_algo", "os_hash_value",
    ];

    /// <summary>Read-only members refused at creation; the rest of <see cref="ReadOnly"/> is refused as such by the image itself.</summary>
    public static readonly string[] Disallowed = ["direct_url", "self", "file", "schema", "stores"];

    public static readonly string[] Reserved = ["location", "deleted", "deleted_at"];

    /// <summary>Prefix of properties that only the service itself sets.</summary>
    public const string ReservedNamespace = "os_glance";

    private const string UuidPattern = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";

    public static readonly JsonSchema Image = JsonSchema.Object
        .Property("id", JsonSchema.String().Pattern(UuidPattern))
        .Property("name", JsonSchema.NullableString(max: 255))
        .Property("status", JsonSchema.Of("string"))
        .Property("visibility", JsonSchema.Of("string").Values(Visibilities))
        .Property("protected", JsonSchema.Boolean)
        .Property("os_hidden", JsonSchema.Boolean)
        .Property("checksum", JsonSchema.NullableString(max: 32))
        .Property("os_hash_algo", JsonSchema.NullableString(max: 64))
        .Property("os_hash_value", JsonSchema.NullableString(max: 128))
        .Property("owner", JsonSchema.NullableString(max: 255))
        .Property("size", JsonSchema.Of("null", "integer"))
        .Property("virtual_size", JsonSchema.Of("null", "integer"))
        .Property("container_format", NullableOneOf(ContainerFormats))
        .Property("disk_format", NullableOneOf(DiskFormats))
        .Property("tags", JsonSchema.Array(JsonSchema.String(max: 255)))
        .Property("min_ram", JsonSchema.Integer(0, int.MaxValue))
        .Property("min_disk", JsonSchema.Integer(0, int.MaxValue))
        .Property("locations", JsonSchema.Of("array"))
        .Additional(JsonSchema.Of("string"));

    /// <summary>The schema document of <c>GET /v2/schemas/image</c>, which clients read to know base attributes from properties.</summary>
    public static void WriteImageDocument(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, "image");
        json.WriteStartObject("properties"u8);
        foreach (var name in BaseAttributes)
            WriteProperty(json, name);
        json.WriteEndObject();
        json.WriteStartObject("additionalProperties"u8);
        json.WriteString("type"u8, "string");
        json.WriteEndObject();
        WriteLinks(json, ("self", "{self}"), ("enclosure", "{file}"), ("describedby", "{schema}"));
        json.WriteEndObject();
    }

    /// <summary>Schema of a list: <c>images</c> of <c>image</c>, <c>members</c> of <c>member</c>.</summary>
    public static void WriteListDocument(Utf8JsonWriter json, string plural, Action<Utf8JsonWriter> writeItem)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, plural);
        json.WriteStartObject("properties"u8);
        json.WriteStartObject(plural);
        json.WriteString("type"u8, "array");
        json.WritePropertyName("items"u8);
        writeItem(json);
        json.WriteEndObject();
        foreach (var name in (ReadOnlySpan<string>)["first", "next", "schema"])
            WriteTyped(json, name, "string");
        json.WriteEndObject();
        WriteLinks(json, ("first", "{first}"), ("next", "{next}"), ("describedby", "{schema}"));
        json.WriteEndObject();
    }

    public static void WriteMemberDocument(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, "member");
        json.WriteStartObject("properties"u8);
        foreach (var name in (ReadOnlySpan<string>)["created_at", "image_id", "member_id", "schema", "status", "updated_at"])
            WriteTyped(json, name, "string");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static JsonSchema NullableOneOf(string[] values) =>
        JsonSchema.Any.AnyOf(JsonSchema.Of("null"), JsonSchema.Of("string").Values(values));

    private static void WriteProperty(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        switch (name)
        {
            case "protected" or "os_hidden":
                json.WriteString("type"u8, "boolean");
                break;
            case "min_ram" or "min_disk":
                json.WriteString("type"u8, "integer");
                break;
            case "size" or "virtual_size":
                WriteNullable(json, "integer");
                break;
            case "tags" or "locations":
                json.WriteString("type"u8, "array");
                break;
            case "id" or "status" or "visibility" or "created_at" or "updated_at" or "self" or "file" or "schema" or "direct_url" or "stores":
                json.WriteString("type"u8, "string");
                break;
            default:
                WriteNullable(json, "string");
                break;
        }

        var values = name switch
        {
            "container_format" => ContainerFormats,
            "disk_format" => DiskFormats,
            "visibility" => Visibilities,
            "status" => ["queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"],
            _ => null,
        };
        if (values is not null)
        {
            json.WriteStartArray("enum"u8);
            if (name.EndsWith("_format", StringComparison.Ordinal))
                json.WriteNullValue();
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }

        json.WriteString("description"u8, ReadOnly.Contains(name) ? $"{name} (READ-ONLY)" : name);
        if (ReadOnly.Contains(name))
            json.WriteBoolean("readOnly"u8, true);
        json.WriteBoolean("is_base"u8, true);
        json.WriteEndObject();
    }

    private static void WriteNullable(Utf8JsonWriter json, string type)
    {
        json.WriteStartArray("type"u8);
        json.WriteStringValue("null"u8);
        json.WriteStringValue(type);
        json.WriteEndArray();
    }

    private static void WriteTyped(Utf8JsonWriter json, string name, string type)
    {
        json.WriteStartObject(name);
        json.WriteString("type"u8, type);
        json.WriteEndObject();
    }

    private static void WriteLinks(Utf8JsonWriter json, params ReadOnlySpan<(string Rel, string Href)> links)
    {
        json.WriteStartArray("links"u8);
        foreach (var (rel, href) in links)
        {
            json.WriteStartObject();
            json.WriteString("rel"u8, rel);
            json.WriteString("href"u8, href);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

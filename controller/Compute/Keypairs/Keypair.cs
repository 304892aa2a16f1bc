namespace Appliance.Controller.Compute.Keypairs;

/// <summary>A public key of a user, given to servers at creation.</summary>
/// <param name="Number">The integer <c>id</c> of the API.</param>
/// <param name="Type"><c>ssh</c>; X.509 pairs are for guests this product does not initialise.</param>
/// <param name="Fingerprint">MD5 of the key blob, colon separated, as Nova gives it.</param>
internal sealed record Keypair(long Number, string UserId, string Name, string Type, string PublicKey, string Fingerprint, DateTimeOffset CreatedAt);

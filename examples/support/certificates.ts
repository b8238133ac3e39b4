import { generate, type SelfsignedOptions } from "selfsigned";

/** A certificate and its private key, as PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** A private certificate authority. */
export interface Authority {
  /** Its certificate as PEM, which peers have to trust. */
  readonly ca: string;
  /** Issues a certificate for a server on this machine. */
  server(): Promise<Credentials>;
  /** Issues a certificate for a client with this name. */
  client(name: string): Promise<Credentials>;
}

type Extensions = NonNullable<SelfsignedOptions["extensions"]>;

/** Creates an authority. Its key exists only in this process. */
export async function createAuthority(): Promise<Authority> {
  const root = await issue("Example authority", [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  return {
    ca: root.cert,
    server: () =>
      issue(
        "localhost",
        [
          { name: "extKeyUsage", serverAuth: true },
          {
            name: "subjectAltName",
            altNames: [
              { type: 2, value: "localhost" },
              { type: 7, ip: "127.0.0.1" },
            ],
          },
        ],
        root,
      ),
    client: (name) => issue(name, [{ name: "extKeyUsage", clientAuth: true }], root),
  };
}

/** Issues a certificate, signed by `ca` or self-signed. */
async function issue(commonName: string, extensions: Extensions, ca?: Credentials): Promise<Credentials> {
  const pem = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions,
    ...(ca && { ca }),
  });
  return { cert: pem.cert, key: pem.private };
}

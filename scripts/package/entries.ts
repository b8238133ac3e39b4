/** An entry of the package, and how it is tested. */
export interface Entry {
  readonly name: string;
  /** All its exports at run time, in alphabetical order. */
  readonly exports: readonly string[];
  /** The optional peers that it needs. No other entry may import them. */
  readonly peers: readonly string[];
  /** Whether the declarations of its peers need those of the DOM. It is then compiled only in projects with the DOM. */
  readonly needsDom: boolean;
  /**
   * Whether its peers have different declarations for CommonJS and for ES modules, which TypeScript takes for different types.
   * It is then compiled only in projects that are ES modules.
   */
  readonly needsModule: boolean;
  /** The program in programs/ that uses its exports. It runs on each runtime, and compiles in each TypeScript project. */
  readonly program: string;
}

/** All entries of package.json. A check in files.ts fails if one is missing. */
export const entries: readonly Entry[] = [
  {
    name: "bytenite-jobs",
    exports: [
      "AbortJobRequestSchema",
      "Code",
      "Customer",
      "DeleteJobRequestSchema",
      "ErrorSchema",
      "GenericResponseSchema",
      "HttpRuleError",
      "JobConfigSchema",
      "JobsClient",
      "JobsError",
      "RpcError",
      "RunJobRequestSchema",
      "codeName",
      "probe",
    ],
    peers: [],
    needsDom: false,
    needsModule: false,
    program: "jobs-client.ts",
  },
  {
    name: "bytenite-jobs/transport",
    exports: [
      "Code",
      "HttpRuleError",
      "RpcError",
      "codeName",
      "createClient",
      "createRestTransport",
      "pages",
      "paginate",
    ],
    peers: [],
    needsDom: false,
    needsModule: false,
    program: "transport.ts",
  },
  {
    name: "bytenite-jobs/connect",
    exports: ["createRestTransport", "restCallOptions", "rpcErrorOf"],
    peers: ["@connectrpc/connect"],
    needsDom: true,
    needsModule: true,
    program: "connect.ts",
  },
  {
    name: "bytenite-jobs/testing",
    exports: [
      "Code",
      "StatusError",
      "createMemoryJobsServer",
      "createMemoryServer",
      "createMemoryTransport",
      "startJobsServer",
      "startServer",
    ],
    peers: [],
    needsDom: false,
    needsModule: false,
    program: "embedded-servers.ts",
  },
];

/** The other programs in programs/, which run and compile likewise. */
export const otherPrograms = ["outcomes.ts", "encodings.ts", "streams.ts"] as const;

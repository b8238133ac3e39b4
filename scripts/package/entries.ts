/** What a user can import from the package, and how it is tried. */
export interface Entry {
  readonly name: string;
  /** Everything that it exports at run time, in alphabetical order. */
  readonly exports: readonly string[];
  /** Optional peers that it needs, and that nothing else of the package may import. */
  readonly peers: readonly string[];
  /** Whether the declarations of its peers use those of the DOM: it is compiled only in projects that have them. */
  readonly needsDom: boolean;
  /**
   * Whether its peers bring other declarations for CommonJS than for ES modules, which TypeScript takes for different
   * types: it is compiled only in projects that are ES modules.
   */
  readonly needsModule: boolean;
  /** In programs/: uses what it exports. It is run on each Node.js, and compiled in each TypeScript project. */
  readonly program: string;
}

/** Every entry that package.json names stands here; the check of the files says so if one does not. */
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
    exports: ["Code", "HttpRuleError", "RpcError", "codeName", "createClient", "createRestTransport"],
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

/** What a user can import from the package, and how it is tried. */
export interface Entry {
  readonly name: string;
  /** Everything that it exports at run time, in alphabetical order. */
  readonly exports: readonly string[];
  /** Optional peers that it needs, and that nothing else of the package may import. */
  readonly peers: readonly string[];
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
    program: "jobs-client.ts",
  },
  {
    name: "bytenite-jobs/transport",
    exports: ["Code", "HttpRuleError", "RpcError", "codeName", "createClient", "createRestTransport"],
    peers: [],
    program: "transport.ts",
  },
  {
    name: "bytenite-jobs/testing",
    exports: ["Code", "StatusError", "startJobsServer", "startServer"],
    peers: [],
    program: "embedded-servers.ts",
  },
];

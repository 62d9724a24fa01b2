// What Node brings along and packages without types, as far as the program uses them.
declare const process: {
  argv: string[];
  env: Record<string, string | undefined>;
  stdout: { write(text: string): void };
};

declare module 'ws' {
  const WebSocket: unknown;
  export = WebSocket;
}

/** Hosts as SNI of a filter chain match; with `*` among them every name does, and none is asked for. */
export const serverNames = (hosts: readonly string[]): string[] =>
  hosts.includes('*') ? [] : [...new Set(hosts)].sort();

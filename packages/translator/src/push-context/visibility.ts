/** Whether something that `owner` exports to `exportTo` is seen in `namespace`. */
export const isExportedTo = (
  exportTo: readonly string[],
  owner: string,
  namespace: string,
): boolean =>
  exportTo.some(
    (entry) => entry === '*' || (entry === '.' && owner === namespace) || entry === namespace,
  );

/** Exported to its own namespace and no further. */
export const isPrivate = (exportTo: readonly string[]): boolean =>
  exportTo.length > 0 && exportTo.every((entry) => entry === '.');

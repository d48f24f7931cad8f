/** Blanks between columns of istioctl's tables. */
const defaultGap = 5;

/** Lines with aligned columns, as Go's tabwriter makes them: the last column is not padded. */
export const formatTable = (
  rows: readonly (readonly string[])[],
  gap: number = defaultGap,
): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows
    .map((cells) => {
      const line = cells.map((cell, column) =>
        column === cells.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap),
      );
      return `${line.join('')}\n`;
    })
    .join('');
};

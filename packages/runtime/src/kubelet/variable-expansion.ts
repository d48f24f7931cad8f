/**
 * Replaces `$(NAME)` by the value of a variable, as the kubelet does in `command`, `args` and `env`:
 * unknown names stay as they are, `$$(NAME)` is a literal `$(NAME)`.
 */
export const expandVariables = (
  text: string,
  variables: Readonly<Record<string, string>>,
): string =>
  text.replace(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) => {
    if (match === '$$') return '$';
    return name !== undefined && Object.hasOwn(variables, name) ? (variables[name] ?? '') : match;
  });

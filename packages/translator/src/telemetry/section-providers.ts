/** What sections of a Telemetry have in common. */
interface Section {
  readonly providers: readonly { readonly name: string | undefined }[];
}

/** Names that a section gives; empty: those of what is less specific. */
export const providerNames = ({ providers }: Section): readonly string[] =>
  providers.flatMap(({ name }) => name || []);

/**
 * Sections, least specific first, each with the names of the providers it is for: its own, else those of
 * the section before it. Providers that nothing more specific keeps are left out.
 */
export const withProviders = <S extends Section>(
  sections: readonly S[],
  defaults: readonly string[],
  inScope: ReadonlySet<string>,
): readonly { readonly section: S; readonly names: readonly string[] }[] => {
  let parents = defaults;
  return sections.map((section) => {
    const own = providerNames(section);
    parents = own.length > 0 ? own : parents;
    return { section, names: parents.filter((name) => inScope.has(name)) };
  });
};

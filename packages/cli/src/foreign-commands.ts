/** Commands of istioctl that Lateen does not have: what does their work here. By name, or `group name`. */
const answers: Readonly<Record<string, string>> = {
  install: 'the mesh comes with the cluster: "lateen up" starts both',
  uninstall: '"lateen down" ends the mesh; its state folder may be deleted afterwards',
  upgrade:
    'the control plane is this program: update its folder, then "lateen down" and "lateen up"',
  manifest: 'the mesh comes with the cluster: "lateen up" starts both',
  profile: 'there is one profile, with istiod and both gateways: "lateen up" starts it',
  operator: 'the mesh comes with the cluster: "lateen up" starts both',
  'verify-install': '"lateen status" says whether everything is up',
  'kube-inject':
    'pods get their proxy when they are created: kubectl label namespace default istio-injection=enabled',
  'bug-report': 'logs are in the state folder; "kubectl logs" shows those of pods',
  tag: 'there is one revision, "default"',
  'x precheck': '"lateen status" says whether everything is up',
  'x describe':
    '"lateen explain GET http://HOST/PATH --from WORKLOAD" says which rules a request meets',
  'x injector': 'namespaces with injection: kubectl get namespace -L istio-injection',
  'x wait': 'use "lateen ps": SYNCED is what a proxy has acknowledged',
};

/** What to say to an istioctl command that is not here; undefined for words that are no such command. */
export const insteadOf = (words: readonly string[]): string | undefined => {
  const [first = '', second = ''] = words;
  const name = first === 'experimental' || first === 'x' ? `x ${second}` : first;
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  return answer === undefined ? undefined : `lateen has no command "${name}": ${answer}`;
};

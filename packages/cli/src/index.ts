export type { Output } from './progress.ts';
export { run } from './run.ts';

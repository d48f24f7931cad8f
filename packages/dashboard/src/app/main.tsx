import { render } from 'preact';
import { connectLive } from '../data/live-events.ts';
import { Shell } from './shell.tsx';

const root = document.getElementById('app');
if (root !== null) {
  root.replaceChildren();
  render(<Shell />, root);
  connectLive();
}

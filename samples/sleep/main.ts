// An image that only waits for someone to open a shell in it. Waiting on a timer, as a process with nothing to wait
// for ends at once; the signal's default ends this one.
setInterval(() => undefined, 0x7fff_ffff);

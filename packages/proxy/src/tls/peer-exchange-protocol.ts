/**
 * Istio's ALPN value for TCP between proxies: who agrees to it sends, and expects, who is who before
 * the first byte. Offered and taken only where that is done.
 */
export const peerExchangeProtocol = 'istio-peer-exchange';

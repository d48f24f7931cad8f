/** The end of names that is the same for all of them, with the port of a service behind it. */
const clusterDomain = /\.svc\.cluster\.local(?=[:/ ]|$)/g;

/** An operation's name without what all of them have: `reviews.default:9080/*`. */
export const shortOperation = (name: string): string => name.replace(clusterDomain, '');

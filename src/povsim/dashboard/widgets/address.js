// The link to what is seen, as part of the page's address; nothing here touches the page.
export function tokenOf(hash) {
  const found = /(?:^#|&)s=([^&]*)/.exec(hash);
  if (!found) return "";
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

export function hashOf(token) {
  return `#s=${encodeURIComponent(token)}`;
}

/** The address of another page of the same folder with the same settings; empty where pages have no address. */
export function pageAddress(path, here, there, token) {
  const last = path.slice(path.lastIndexOf("/") + 1);
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // an address that cannot be decoded is none of ours
  }
  if (name === "" && here === "home") return path + there + hashOf(token);
  if (name !== here && name !== `${here}.ipynb`) return "";
  return path.slice(0, path.length - last.length) + there + name.slice(here.length) + hashOf(token);
}

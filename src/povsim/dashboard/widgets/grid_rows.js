// Rows of a long list: only those in sight exist.
const BEYOND = 6;

/** Which rows are in sight, with a few above and below; all of them where there are few. */
export function inSight(top, height, rowHeight, count, few) {
  if (count <= few) return [0, count];
  const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
  const last = Math.min(count, Math.ceil((top + (height || 600)) / rowHeight) + BEYOND);
  return [Math.min(first, last), last];
}

export function bringIntoSight(scroller, place, rowHeight, head = 0) {
  const top = place * rowHeight;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight - head)
    scroller.scrollTop = top + rowHeight - scroller.clientHeight + head;
}

/*
 * Keeps the end of a growing text in view, but only while the reader is there.
 *
 *   scroller  ref of what scrolls; its first child is what grows
 *   away      the reader has scrolled up: offer the way back
 *   toEnd()   go to the end and stay there
 */
import { useCallback, useEffect, useRef, useState } from 'react';

/* Nearer to the end than this counts as being there. */
const NEAR_PX = 80;

export function useFollowEnd() {
  const scroller = useRef(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const box = scroller.current;
    following.current = true;
    setAway(false);
    if (box) box.scrollTop = box.scrollHeight;
  }, []);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const onScroll = () => {
      const near = box.scrollHeight - box.clientHeight - box.scrollTop <= NEAR_PX;
      following.current = near;
      setAway(!near);
    };
    const onResize = () => {
      if (following.current) box.scrollTop = box.scrollHeight;
      else onScroll();
    };
    const sizes = new ResizeObserver(onResize);
    sizes.observe(box);
    sizes.observe(box.firstElementChild);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener('scroll', onScroll);
    };
  }, []);

  return { scroller, away, toEnd };
}

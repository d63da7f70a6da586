/* The time in milliseconds, anew every second. */
import { useEffect, useState } from 'react';

export function useNow() {
  const [now, setNow] = useState(Date.now);

  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);

  return now;
}

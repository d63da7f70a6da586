/*
 * Copies what text() gives.  Browsers hand out the clipboard only over HTTPS and
 * on loopback; elsewhere there is no button.
 */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './Icon.jsx';

const SHOWN_MS = 1600;

export function CopyButton({ label, text }) {
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  if (!navigator.clipboard) return null;
  const copy = () => navigator.clipboard.writeText(text()).then(() => setCopied(true), () => {});
  return (
    <IconButton icon={copied ? Check : Copy} size={16} label={copied ? 'Copied' : label} onClick={copy} />
  );
}

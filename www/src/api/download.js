/*
 * Reads a response to its end as a Blob, which a browser may keep on disk.
 * `onBytes` is told how many have come.  Rejects where the connection breaks.
 */
export async function readBlob(response, onBytes) {
  const chunks = [];
  let bytes = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
    onBytes(bytes);
  }
  return new Blob(chunks, { type: response.headers.get('content-type') ?? '' });
}

/* An export says at its very end that nothing is missing. */
const TAIL = 64;

export async function isComplete(blob) {
  const tail = await blob.slice(-TAIL).text();
  return /"complete":\s*true\s*\}\s*$/.test(tail);
}

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

/* Imports go one way: each folder may use those named with it, and itself. */
const MAY_USE = {
  api: [],
  state: [],
  hooks: ['api', 'state'],
  components: ['state', 'hooks'],
};

const SRC = join(import.meta.dirname, '../src');
const IMPORT = /from '(\.[^']+)'/g;

const rows = Object.keys(MAY_USE).flatMap((folder) =>
  readdirSync(join(SRC, folder)).map((file) => [folder, file]),
);

it.each(rows)('%s/%s', (folder, file) => {
  const path = join(SRC, folder, file);
  const text = readFileSync(path, 'utf8');
  const used = [...text.matchAll(IMPORT)].map(([, to]) => relative(SRC, join(dirname(path), to)).split('/')[0]);
  for (const each of used) expect([folder, ...MAY_USE[folder]]).toContain(each);
  if (folder === 'api' || folder === 'state') expect(text).not.toMatch(/from 'react/);
});

/*
 * What draws maths, in a file of its own: it is fetched when a text has some.
 * KaTeX trusts nothing here: no links, images, classes or styles of a formula's own.
 */
import 'katex/dist/katex.min.css';
import rehypeKatex from 'rehype-katex';
import remarkMath from 'remark-math';

export const remarkMaths = remarkMath;
export const rehypeMaths = [rehypeKatex, { strict: 'ignore', trust: false, maxSize: 20, maxExpand: 200 }];

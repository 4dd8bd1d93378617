package dev.suture.explain;

/** How the page looks. */
final class PageStyle {
    /** No character in it needs escaping. */
    static final String CSS = """

            :root { color-scheme: light dark; --text: #1b1f24; --page: #fff; --quiet: #57606a; --line: #eaeef2;
              --shade: #f6f8fa; --changed: #fff8c5; --removed: #ffebe9; --added: #dafbe1; --differs: #f2cc60;
              --bad: #a40e26; --good: #1a7f37; --replaced: #8a4600; --link: #0550ae; --hook: #fbefff; --warm: #fff1e5; }
            @media (prefers-color-scheme: dark) {
              :root { --text: #e6edf3; --page: #0d1117; --quiet: #9198a1; --line: #30363d; --shade: #161b22;
                --changed: #3b2f00; --removed: #4c1418; --added: #0f3a1d; --differs: #7d5a00; --bad: #ff8182;
                --good: #56d364; --replaced: #f0a658; --link: #79b8ff; --hook: #2e1a47; --warm: #3d2410; } }
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2em; color: var(--text); background: var(--page);
              overflow-wrap: anywhere; }
            @media (max-width: 600px) { body { margin: 1em .75em; } h1 { font-size: 1.3em; } }
            a { color: var(--link); }
            h1 { font-size: 1.6em; } h2 { font-size: 1.25em; margin-top: 2em; } h3 { font-size: 1.05em; margin-top: 2em; }
            summary h2 { display: inline; } .part { margin-top: 1.5em; }
            .verdict { font-size: 1.2em; font-weight: bold; border-left: 4px solid; padding: .3em .6em; }
            table { border-collapse: collapse; }
            th, td { text-align: left; vertical-align: top; padding: 2px 10px 2px 4px; overflow-wrap: break-word; }
            td { min-width: 3em; } thead th { white-space: nowrap; border-bottom: 1px solid var(--quiet); }
            tbody tr { border-bottom: 1px solid var(--line); }
            .wide { overflow-x: auto; max-width: 100%; }
            .diff { font: 12px/1.5 ui-monospace, monospace; background: var(--shade); padding: 6px; white-space: pre;
              overflow-wrap: normal; }
            .diff span { display: block; min-width: max-content; }
            .code { font: 12px/1.4 ui-monospace, monospace; table-layout: fixed; width: 100%; min-width: 1100px; }
            .code caption { text-align: left; font-weight: bold; padding: 6px 4px; }
            .code td { padding: 0 6px 0 2px; min-width: 0; overflow-wrap: anywhere; } .code tr { border: 0; }
            .offset { width: 4.5em; color: var(--quiet); } .bytes { width: 15em; }
            .place { width: 14em; color: var(--quiet); }
            .code .none { background: var(--shade); }
            .folded { color: var(--quiet); } summary { cursor: pointer; }
            .CHANGED { background: var(--changed); } .REMOVED { background: var(--removed); }
            .ADDED { background: var(--added); } .CHANGED .differs { background: var(--differs); }
            .bad { color: var(--bad); } .good { color: var(--good); } pre { white-space: pre-wrap; margin: 0; }
            td.replaced, td.payload, td.target { white-space: nowrap; }
            td.replaced { color: var(--replaced); } td.payload { color: var(--good); } td.target { color: var(--quiet); }
            svg text { font: 12px ui-monospace, monospace; fill: var(--text); } svg .heading { font-weight: bold; }
            .box { stroke: var(--quiet); fill: var(--page); } .box.replaced { fill: var(--warm); }
            .box.hook { fill: var(--hook); } .box.payload { fill: var(--added); } .box.target { fill: var(--shade); }
            .edge { fill: none; stroke: var(--quiet); stroke-width: 1.2; } .edge.payload { stroke: var(--good); }
            .edge:hover { stroke: var(--bad); stroke-width: 3; }
            :target { outline: 2px solid var(--link); outline-offset: 4px; }
            @media print { .wide { overflow: visible; } }
            """;

    private PageStyle() {}
}

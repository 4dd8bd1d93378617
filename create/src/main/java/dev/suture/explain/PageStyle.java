package dev.suture.explain;

/** How the page looks. */
final class PageStyle {
    /** No character in it needs escaping. */
    static final String CSS = """

            :root { color-scheme: light; }
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2em; color: #1b1f24; background: #fff; }
            h1 { font-size: 1.6em; } h2 { font-size: 1.25em; margin-top: 2em; } h3 { font-size: 1.05em; margin-top: 2em; }
            table { border-collapse: collapse; }
            th, td { text-align: left; vertical-align: top; padding: 2px 10px 2px 4px; overflow-wrap: break-word; }
            thead th { white-space: nowrap; }
            thead th { border-bottom: 1px solid #57606a; }
            tbody tr { border-bottom: 1px solid #eaeef2; }
            .wide { overflow-x: auto; }
            .code { font: 12px/1.4 ui-monospace, monospace; table-layout: fixed; width: 100%; min-width: 1100px; }
            .code caption { text-align: left; font-weight: bold; padding: 6px 4px; }
            .code td { padding: 0 6px 0 2px; overflow-wrap: anywhere; } .code tr { border: 0; }
            .offset { width: 4.5em; color: #57606a; } .bytes { width: 15em; } .place { width: 14em; color: #57606a; }
            .code .none { background: #f6f8fa; }
            .folded { color: #57606a; } summary { cursor: pointer; }
            .CHANGED { background: #fff8c5; } .REMOVED { background: #ffebe9; } .ADDED { background: #dafbe1; }
            .CHANGED .differs { background: #f2cc60; }
            .bad { color: #a40e26; } pre { white-space: pre-wrap; margin: 0; }
            td.replaced, td.payload, td.target { white-space: nowrap; }
            td.replaced { color: #8a4600; } td.payload { color: #1a7f37; } td.target { color: #57606a; }
            svg text { font: 12px ui-monospace, monospace; fill: #1b1f24; } svg .heading { font-weight: bold; }
            .box { stroke: #57606a; fill: #fff; } .box.replaced { fill: #fff1e5; } .box.hook { fill: #fbefff; }
            .box.payload { fill: #dafbe1; } .box.target { fill: #f6f8fa; }
            .edge { fill: none; stroke: #8c959f; stroke-width: 1.2; } .edge.payload { stroke: #1a7f37; }
            .edge:hover { stroke: #cf222e; stroke-width: 3; }
            @media print { .wide { overflow: visible; } }
            """;

    private PageStyle() {}
}

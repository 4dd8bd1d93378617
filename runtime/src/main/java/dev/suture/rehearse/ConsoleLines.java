package dev.suture.rehearse;

import java.util.List;

/**
 * Tells the lines of the shared console apart.
 *
 * <p>The problem: dom0's terminal hands its output to Xen 16 bytes at a time, and Xen may print a line of its own between
 * two pieces. So this arrives
 *
 * <pre>
 * @suture end 0 appl(XEN) livepatch: hello: Applying 1 functions
 * y 0 1 =b2s= .
 * </pre>
 *
 * and stands for a line from Xen and a marker. A line from Xen is never cut. What dom0 had begun to write is kept until
 * the rest comes.
 */
final class ConsoleLines {
    private static final String XEN = "(XEN) ";
    private static final String MARKER = "@suture ";
    private static final String MARKER_END = " .";

    private String begun = "";

    /**
     * {@return whose line this is}
     *
     * @param raw the line as it came, without its line feed
     */
    ConsoleLine accept(String raw) {
        String line = raw.replace("\r", "");
        int xen = line.indexOf(XEN);
        if (xen < 0 && line.endsWith(XEN.strip())) {
            xen = line.length() - XEN.strip().length();
        }
        if (xen >= 0) {
            begun += line.substring(0, xen);
            return new ConsoleLine.FromXen(line.substring(Math.min(xen + XEN.length(), line.length())));
        }
        String whole = begun + line;
        begun = "";
        if (!whole.startsWith(MARKER)) {
            return new ConsoleLine.FromDom0(whole);
        }
        if (!whole.endsWith(MARKER_END) || whole.length() == MARKER.length() + 1) {
            return new ConsoleLine.Damaged(whole);
        }
        String words = whole.substring(MARKER.length(), whole.length() - MARKER_END.length());
        return new ConsoleLine.Marker(List.of(words.split(" ")));
    }
}

package dev.suture.state;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which instructions of some code do what with a variable, directly or by a call of something without code here. */
final class Touches {
    /** That read it. */
    final BitSet reads = new BitSet();
    /** That read it where not all ways have written it before. */
    final BitSet bareReads = new BitSet();
    /** That write it, in whatever way. */
    final BitSet writes = new BitSet();
    /** That may leave something else in it than its first contents. */
    final BitSet leaves = new BitSet();
    /** That write what does not depend on what it held, where nobody has looked at it. */
    final BitSet setters = new BitSet();
    /** The same where somebody has, and made nothing of it. */
    final BitSet loose = new BitSet();
    /** That write what does not depend on what it held, but kept that elsewhere: what is put into a list. */
    final BitSet links = new BitSet();
    /** That count it up. */
    final BitSet ups = new BitSet();
    /** That count it down, where not all ways have written it before. */
    final BitSet bareDowns = new BitSet();
    /** That write it because it held its first contents. */
    final BitSet lazy = new BitSet();
    /** That give its address to somebody of whom nothing is known. */
    final BitSet handed = new BitSet();
    /** The library's functions that get its address. */
    final Map<Integer, String> library = new HashMap<>();
    /** The code that is called with its address, or that uses it. */
    final Map<Integer, FollowVariable.Context> callees = new HashMap<>();

    void clear() {
        List.of(reads, bareReads, writes, leaves, setters, loose, links, ups, bareDowns, lazy, handed)
                .forEach(BitSet::clear);
        library.clear();
        callees.clear();
    }
}

package dev.suture.state;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which instructions of some code do what with a variable, directly or by a call of something without code here. */
final class Touches {
    /** That read it. What only counts it, and makes nothing of the sum, does not. */
    final BitSet reads = new BitSet();
    /** That read it where not all ways have written it before. */
    final BitSet bareReads = new BitSet();
    /** That write it, in whatever way. */
    final BitSet writes = new BitSet();
    /** That may leave something else in it than its first contents. */
    final BitSet leaves = new BitSet();
    /** That count it up by a constant. */
    final BitSet ups = new BitSet();
    /** That write it because of what it held. */
    final BitSet governed = new BitSet();
    /** That leave something else in it in any other way. */
    final BitSet plain = new BitSet();
    /** Those of them that add something to what it held which may be less than nothing. */
    final BitSet sums = new BitSet();
    /** That write some of it, and maybe not all. */
    final BitSet parts = new BitSet();
    /** That give its address to somebody of whom nothing is known. */
    final BitSet handed = new BitSet();
    /** The library's functions that get its address. */
    final Map<Integer, String> library = new HashMap<>();
    /** The code that is called with its address, or that uses it. */
    final Map<Integer, FollowVariable.Context> callees = new HashMap<>();

    void clear() {
        List.of(reads, bareReads, writes, leaves, ups, governed, plain, parts, sums, handed)
                .forEach(BitSet::clear);
        library.clear();
        callees.clear();
    }
}

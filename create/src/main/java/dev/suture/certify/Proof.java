package dev.suture.certify;

/**
 * What came of asking whether a piece is at a place.
 *
 * @param holds whether it is
 * @param onlyLineNumbers it is, but for numbers of source lines that a patch moved
 * @param difference where and how it differs; empty if it holds
 */
record Proof(boolean holds, boolean onlyLineNumbers, String difference) {
    static Proof differs(String difference) {
        return new Proof(false, false, difference);
    }
}

package dev.suture.dwarf;

import java.util.Arrays;

/** A map from section offsets to values that does not box: reading types looks up several per entry. */
final class IntMap<V> {
    private static final int FREE = -1;

    private int[] keys = new int[64];
    private Object[] values = new Object[64];
    private int size;

    IntMap() {
        Arrays.fill(keys, FREE);
    }

    /** {@return the value put for a key of 0 or more; null if there is none} */
    @SuppressWarnings("unchecked")
    V get(int key) {
        return (V) values[slot(key)];
    }

    void put(int key, V value) {
        int slot = slot(key);
        values[slot] = value;
        if (keys[slot] == FREE) {
            keys[slot] = key;
            size++;
            if (size * 2 > keys.length) {
                grow();
            }
        }
    }

    private int slot(int key) {
        int mask = keys.length - 1;
        int slot = (key * 0x9e3779b1 >>> 7) & mask;
        while (keys[slot] != FREE && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        int[] oldKeys = keys;
        Object[] oldValues = values;
        keys = new int[oldKeys.length * 2];
        values = new Object[oldKeys.length * 2];
        Arrays.fill(keys, FREE);
        for (int at = 0; at < oldKeys.length; at++) {
            if (oldKeys[at] != FREE) {
                int slot = slot(oldKeys[at]);
                keys[slot] = oldKeys[at];
                values[slot] = oldValues[at];
            }
        }
    }
}

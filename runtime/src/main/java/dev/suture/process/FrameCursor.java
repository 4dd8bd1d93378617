package dev.suture.process;

import dev.suture.dwarf.ByteCursor;

/** Reads unwinding information, never past its end. */
final class FrameCursor extends ByteCursor {
    FrameCursor(byte[] bytes, int position, int limit) {
        super(bytes);
        window(position, limit);
    }

    @Override
    protected FrameTable.BrokenException bad(String found) {
        return new FrameTable.BrokenException(found);
    }
}

package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Keeper;
import dev.suture.process.Ledger.Site;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;

/**
 * Puts changed code in the place of the running one, all of it at once.
 *
 * <p>What lies in one page is written with one call: the kernel copies it without a break, so that whoever is killed has
 * written all of it or nothing. Several pages cannot be written at once from outside. So these are first made a second
 * time, elsewhere in the process, with the change in them, while the program runs; then one {@code mremap} puts them over
 * the old ones. The kernel does that or it does not. Where the process can open its file again the new pages are pages of
 * that file as well, and share what did not change.
 *
 * <p>That is for pages of one mapping. What is in several mappings, of one file or more, is written page by page, in one
 * list of calls that the keeper makes to its end whoever is killed; first all of it is compared. In any case only bytes
 * of code are written, and pages without a change are not touched.
 */
final class Splice implements Change {
    private static final int PAGE = 4096;
    private static final int MAP_POPULATE = 0x8000;
    private static final long MOST_POPULATED_BYTES = 4 << 20;
    private static final int CALLS_FOR_WRITE = 3;

    private final Session session;
    private final List<Site> sites;
    private final long start;
    private final long sizeBytes;
    private final byte[][] before;
    private final List<Write> writes = new ArrayList<>();
    private boolean isMoved;
    private int firstWrite;
    private long prepared;

    /** What is written to one page, and what must be there before. */
    private record Write(long address, MemorySegment expected, MemorySegment found, MemorySegment changed) {}

    /** @param sites at least one */
    Splice(Session session, List<Site> sites) {
        this.session = session;
        this.sites = List.copyOf(sites);
        start = sites.stream().mapToLong(Site::address).min().orElseThrow() & -PAGE;
        long end = sites.stream()
                .mapToLong(site -> site.address() + site.after().length() / 2)
                .max()
                .orElseThrow();
        sizeBytes = (end + PAGE - 1 & -PAGE) - start;
        before = new byte[sites.size()][];
        for (int i = 0; i < before.length; i++) {
            before[i] = HexFormat.of().parseHex(sites.get(i).before());
        }
    }

    /** Hears where memory is about to be taken. */
    interface Announce {
        void memory(long address, long sizeBytes);
    }

    /** Makes the changed bytes: in memory of ours, or beside the running ones. */
    void prepare(Supplier<BorrowThread> borrow, LoadedFiles files, Announce announce) {
        Mappings mappings = Mappings.read(session.pid());
        for (Site site : sites) {
            requireCode(mappings, site);
        }
        Mapping first = mappings.at(start).orElseThrow();
        isMoved = sizeBytes > PAGE && start + sizeBytes <= first.end();
        if (isMoved) {
            preparePages(borrow.get(), files, mappings, first, announce);
        } else {
            prepareWrites();
        }
    }

    // What looks like code because it lies between two functions may be a variable.
    private void requireCode(Mappings mappings, Site site) {
        long end = site.address() + site.after().length() / 2;
        for (long address = site.address(); address < end; ) {
            long missing = address;
            Mapping mapping = mappings.at(address)
                    .filter(Mapping::isCode)
                    .orElseThrow(
                            () -> new ProcessException(session.pid(), "there is no code at 0x%x".formatted(missing)));
            address = mapping.end();
        }
    }

    private record Piece(long address, byte[] before, byte[] after) {}

    private List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < before.length; i++) {
            long address = sites.get(i).address();
            byte[] after = HexFormat.of().parseHex(sites.get(i).after());
            for (int at = 0; at < after.length; ) {
                int size = (int) Math.min(after.length - at, (address + at & -PAGE) + PAGE - (address + at));
                pieces.add(new Piece(
                        address + at,
                        Arrays.copyOfRange(before[i], at, at + size),
                        Arrays.copyOfRange(after, at, at + size)));
                at += size;
            }
        }
        pieces.sort(Comparator.comparingLong(Piece::address));
        return pieces;
    }

    private void prepareWrites() {
        List<Piece> pieces = pieces();
        for (int from = 0; from < pieces.size(); ) {
            int to = from + 1;
            while (to < pieces.size()
                    && (pieces.get(to).address() & -PAGE) == (pieces.get(from).address() & -PAGE)) {
                to++;
            }
            writes.add(write(pieces.subList(from, to)));
            from = to;
        }
        if (writes.size() * CALLS_FOR_WRITE > Keeper.MOST_CALLS) {
            throw new ProcessException(
                    session.pid(),
                    "the change is in %d pages of several mappings, and more than %d cannot be changed at once"
                            .formatted(writes.size(), Keeper.MOST_CALLS / CALLS_FOR_WRITE));
        }
        if (writes.size() > 1) {
            // So that the pages are the process's own by then, and no memory has to be found for them in the stop.
            for (Write write : writes) {
                byte[] same = {write.expected().get(ValueLayout.JAVA_BYTE, 0)};
                if (Arrays.equals(session.code(write.address(), 1), same)) {
                    session.write(write.address(), same, "code");
                }
            }
        }
    }

    private Write write(List<Piece> pieces) {
        long address = pieces.getFirst().address();
        Piece last = pieces.getLast();
        int size = (int) (last.address() + last.after().length - address);
        byte[] live = session.code(address, size);
        byte[] after = live.clone();
        for (Piece piece : pieces) {
            int at = (int) (piece.address() - address);
            System.arraycopy(piece.before(), 0, live, at, piece.before().length);
            System.arraycopy(piece.after(), 0, after, at, piece.after().length);
        }
        return new Write(
                address,
                session.arena().allocateFrom(ValueLayout.JAVA_BYTE, live),
                session.arena().allocate(size),
                session.arena().allocateFrom(ValueLayout.JAVA_BYTE, after));
    }

    private void preparePages(
            BorrowThread borrow, LoadedFiles files, Mappings mappings, Mapping code, Announce announce) {
        LoadedFile file = files.at(start)
                .orElseThrow(() -> new ProcessException(session.pid(), "no file is at 0x%x".formatted(start)));
        for (long place : PlaceMemory.candidates(mappings, file, sizeBytes)) {
            announce.memory(place, sizeBytes);
            Step.PAGES_NOTED.isDone();
            long result = borrow.with(thread -> map(thread, code, place));
            if (result == place) {
                prepared = place;
                break;
            }
            // What is there is not ours.
            announce.memory(0, 0);
            if (result != -Errno.EEXIST) {
                throw new ProcessException(
                        session.pid(),
                        "it cannot have %,d bytes for changed code: %s".formatted(sizeBytes, Errno.text(-result)));
            }
        }
        if (prepared == 0) {
            throw new ProcessException(session.pid(), "it has no room for %,d bytes of code".formatted(sizeBytes));
        }
        Step.PAGES_MAPPED.isDone();
        byte[] live = session.memory().read(start, Math.toIntExact(sizeBytes));
        byte[] made = session.memory().read(prepared, Math.toIntExact(sizeBytes));
        if (live.length != sizeBytes || made.length != sizeBytes) {
            throw new ProcessException(session.pid(), "the code at 0x%x cannot be read".formatted(start));
        }
        for (Site site : sites) {
            byte[] after = HexFormat.of().parseHex(site.after());
            System.arraycopy(after, 0, live, (int) (site.address() - start), after.length);
        }
        for (int page = 0; page < live.length; page += PAGE) {
            if (!Arrays.equals(live, page, page + PAGE, made, page, page + PAGE)) {
                session.write(prepared + page, Arrays.copyOfRange(live, page, page + PAGE), "code");
            }
        }
        Step.PAGES_WRITTEN.isDone();
    }

    // Pages of the same file where the process can open it, else pages of no file.
    private long map(BorrowedThread thread, Mapping code, long place) {
        int protection = Calls.PROT_EXEC
                | (code.isReadable() ? Calls.PROT_READ : 0)
                | (code.permissions().charAt(1) == 'w' ? Calls.PROT_WRITE : 0);
        int flags =
                Calls.MAP_PRIVATE | Calls.MAP_FIXED_NOREPLACE | (sizeBytes <= MOST_POPULATED_BYTES ? MAP_POPULATE : 0);
        if (code.isFile() && !code.isDeleted()) {
            long file = thread.call(Calls.OPENAT, Calls.AT_FDCWD, thread.text(code.path()), Calls.O_CLOEXEC, 0, 0, 0);
            if (file >= 0) {
                long offset = code.fileOffset() + start - code.start();
                long address = thread.call(Calls.MMAP, place, sizeBytes, protection, flags, file, offset);
                thread.call(Calls.CLOSE, file, 0, 0, 0, 0, 0);
                boolean same = !isError(address)
                        && Mappings.read(session.pid())
                                .at(address)
                                .filter(made -> made.isSameFile(code))
                                .isPresent();
                if (same || address == -Errno.EEXIST) {
                    return address;
                }
                if (!isError(address)) {
                    thread.call(Calls.MUNMAP, address, sizeBytes, 0, 0, 0, 0);
                }
            }
        }
        return thread.call(Calls.MMAP, place, sizeBytes, protection, flags | Calls.MAP_ANONYMOUS, -1, 0);
    }

    private static boolean isError(long result) {
        return result < 0 && result >= -4095;
    }

    /** {@return the sites at which the process has other bytes than it should before the change} */
    List<Site> unexpected() {
        List<Site> other = new ArrayList<>();
        for (Site site : sites) {
            if (!isThere(site, site.before())) {
                other.add(site);
            }
        }
        return other;
    }

    // Whether the process has the bytes of before the change everywhere.
    private boolean isUnchanged() {
        for (int i = 0; i < before.length; i++) {
            byte[] live = session.memory().read(sites.get(i).address(), before[i].length);
            if (!Arrays.equals(live, before[i])) {
                return false;
            }
        }
        return true;
    }

    /** {@return whether the process has the bytes of after the change everywhere} */
    boolean isDone() {
        return sites.stream().allMatch(site -> isThere(site, site.after()));
    }

    /** {@return whether the process has some of the bytes of after the change, and not all} */
    boolean isHalfDone() {
        return !isDone()
                && sites.stream().anyMatch(site -> !site.before().equals(site.after()) && isThere(site, site.after()));
    }

    /** {@return whether memory holds the same code, as it is or with the change} */
    boolean isCopiedTo(long address) {
        byte[] live = session.memory().read(start, Math.toIntExact(sizeBytes));
        byte[] copy = session.memory().read(address, Math.toIntExact(sizeBytes));
        if (live.length != sizeBytes || copy.length != sizeBytes) {
            return false;
        }
        for (int i = 0; i < before.length; i++) {
            int from = (int) (sites.get(i).address() - start);
            int to = from + before[i].length;
            byte[] there = Arrays.copyOfRange(copy, from, to);
            byte[] after = HexFormat.of().parseHex(sites.get(i).after());
            if (!Arrays.equals(there, before[i]) && !Arrays.equals(there, after)) {
                return false;
            }
            System.arraycopy(live, from, copy, from, to - from);
        }
        return Arrays.equals(live, copy);
    }

    private boolean isThere(Site site, String bytes) {
        byte[] live = session.memory().read(site.address(), bytes.length() / 2);
        return HexFormat.of().formatHex(live).equals(bytes);
    }

    /** Adds that the bytes are as expected, and their change. */
    @Override
    public void addCalls(Keeper keeper) {
        long file = session.memory().file();
        for (Write write : writes) {
            long size = write.found().byteSize();
            keeper.addCall(Calls.PREAD64, file, write.found().address(), size, write.address(), 0, 0);
            keeper.addComparison(write.found(), write.expected());
        }
        firstWrite = 2 * writes.size();
        for (Write write : writes) {
            long size = write.changed().byteSize();
            keeper.addCall(Calls.PWRITE64, file, write.changed().address(), size, write.address(), 0, 0);
        }
    }

    @Override
    public void made(Keeper keeper) {
        for (int i = 0; i < writes.size(); i++) {
            long result = keeper.result(firstWrite + i);
            if (result != writes.get(i).changed().byteSize()) {
                throw new ProcessException(
                        session.pid(),
                        "writing code at 0x%x failed: %s"
                                .formatted(writes.get(i).address(), Errno.text(-result)));
            }
        }
    }

    @Override
    public void with(BorrowedThread thread) {
        if (!isUnchanged()) {
            throw changedMeanwhile(session.pid());
        }
        if (!isMoved) {
            Keeper keeper = session.keeper();
            keeper.noCalls();
            addCalls(keeper);
            if (!keeper.makeCalls()) {
                throw changedMeanwhile(session.pid());
            }
            made(keeper);
            return;
        }
        long result =
                thread.callAtOnce(Calls.MREMAP, prepared, sizeBytes, sizeBytes, Calls.MREMAP_MAYMOVE_FIXED, start);
        if (isError(result)) {
            throw new ProcessException(
                    session.pid(), "the changed code could not be put in place: %s".formatted(Errno.text(-result)));
        }
        prepared = 0;
    }

    static ProcessException changedMeanwhile(int pid) {
        return new ProcessException(pid, "its code changed meanwhile; nothing was done");
    }

    /** Takes the prepared pages away again, if they were not used. */
    void discard(Supplier<BorrowThread> borrow) {
        if (prepared != 0) {
            borrow.get().with(thread -> thread.call(Calls.MUNMAP, prepared, sizeBytes, 0, 0, 0, 0));
            prepared = 0;
        }
    }
}

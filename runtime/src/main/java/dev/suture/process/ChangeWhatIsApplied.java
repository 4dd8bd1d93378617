package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.linux.Keeper;
import dev.suture.process.CheckThreads.Range;
import dev.suture.process.Ledger.Entry;
import dev.suture.process.Ledger.Hook;
import dev.suture.process.ResolveSymbols.Found;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Outcome.Cost;
import dev.suture.target.Outcome.Done;
import dev.suture.target.Outcome.Refused;
import dev.suture.target.Outcome.TimedOut;
import dev.suture.target.Policy;
import dev.suture.target.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Apply, revert, replace and unload. Each checks whether it may, calls the hooks that may say no, prepares the changed
 * code, says in the ledger what is about to happen, makes the change in one stop with the hooks that belong there, and
 * says in the ledger that it happened.
 */
final class ChangeWhatIsApplied {
    private final Work work;
    private final ApplyOptions options;

    ChangeWhatIsApplied(Work work, ApplyOptions options) {
        this.work = work;
        this.options = options;
    }

    private Ledger ledger() {
        return work.ledger();
    }

    private Refused refused(String name, String what, String remedy) {
        return new Refused(new Refusal(name, "", what, remedy));
    }

    private Refused moved(String name) {
        return refused(
                name,
                "the file that it changes was closed, and it is no longer where it was",
                "Unload the payload and, when the program has that file again, load it anew.");
    }

    private Optional<Outcome> unlessIn(String name, State wanted) {
        State state = ledger().state(name);
        if (state == wanted) {
            return Optional.empty();
        }
        String what = switch (state) {
            case ABSENT -> "the process has no payload of that name";
            case CHECKED -> "it is not applied";
            case APPLIED -> "it is applied";
            case UNKNOWN -> "what became of it is not known";
        };
        return Optional.of(refused(name, what, "suture list shows what the process has."));
    }

    Outcome apply(String name) throws InterruptedException {
        Optional<Outcome> no = unlessIn(name, State.CHECKED).or(() -> wrongStack(name, lastApplied(name)));
        if (no.isPresent()) {
            return no.get();
        }
        Entry entry = ledger().entry(name).orElseThrow();
        if (Changes.isGone(work.files(), entry)) {
            return moved(name);
        }
        List<Refusal> refusals = new ArrayList<>(Changes.unexpected(work.session(), work.files(), ledger(), name));
        refusals.addAll(SetParameters.check(entry, options.parameters()));
        if (!refusals.isEmpty()) {
            return new Refused(Cost.NONE, refusals);
        }
        return change(name, List.of(), List.of(name), openedLater(entry));
    }

    private List<Refusal> openedLater(Entry entry) {
        LoadedFile file = work.files().withBuildId(entry.targetBuildId()).orElseThrow();
        LinkOrder order = new LinkOrder(work.files(), work.session().memory());
        if (!order.openedLater().contains(file)) {
            return List.of();
        }
        return List.of(new Refusal(
                entry.name(),
                "",
                "%s was opened by the program after it had started: if it closes it, the payload goes with it"
                        .formatted(file.path()),
                "suture follow loads it again when the program opens that again."));
    }

    // What is below on the stack of the same file.
    private Optional<Entry> lastApplied(String name) {
        String file = ledger().entry(name).orElseThrow().targetBuildId();
        return ledger().applied().reversed().stream()
                .map(other -> ledger().entry(other).orElseThrow())
                .filter(other -> other.targetBuildId().equals(file))
                .findFirst();
    }

    private Optional<Outcome> wrongStack(String name, Optional<Entry> below) {
        Entry entry = ledger().entry(name).orElseThrow();
        String found = below.map(Entry::buildId).orElse(entry.targetBuildId());
        if (options.ignoreDepends() || entry.depends().equals(found)) {
            return Optional.empty();
        }
        return Optional.of(refused(
                name,
                "it is to be stacked on %s, and what is there is %s (%s)"
                        .formatted(
                                entry.depends(), found, below.map(Entry::name).orElse("the file itself")),
                "Apply or revert what is between, or use --nodeps if you know that it does not matter."));
    }

    Outcome revert(String name) throws InterruptedException {
        Optional<Outcome> no = unlessIn(name, State.APPLIED);
        if (no.isPresent()) {
            return no.get();
        }
        Entry last = lastApplied(name).orElseThrow();
        if (!last.name().equals(name)) {
            return refused(name, "%s is applied on top of it".formatted(last.name()), "Revert that one first.");
        }
        return change(name, List.of(name), List.of(), List.of());
    }

    Outcome replace(String name) throws InterruptedException {
        Optional<Outcome> no = unlessIn(name, State.CHECKED).or(() -> wrongStack(name, Optional.empty()));
        if (no.isPresent()) {
            return no.get();
        }
        Entry entry = ledger().entry(name).orElseThrow();
        if (Changes.isGone(work.files(), entry)) {
            return moved(name);
        }
        List<Refusal> refusals = SetParameters.check(entry, options.parameters());
        if (!refusals.isEmpty()) {
            return new Refused(Cost.NONE, refusals);
        }
        return change(name, ledger().applied().reversed(), List.of(name), openedLater(entry));
    }

    private List<Hook> hooks(List<String> names, String kind) {
        return names.stream()
                .flatMap(name -> ledger().entry(name).orElseThrow().hooks().stream())
                .filter(hook -> hook.kind().equals(kind))
                .toList();
    }

    private Outcome change(String name, List<String> reverted, List<String> applied, List<Refusal> notes)
            throws InterruptedException {
        work.session().letOthersRun();
        Changes changes = Changes.of(work.session(), ledger(), reverted, applied, options.policy());
        if (!changes.refusals().isEmpty()) {
            return new Refused(Cost.NONE, changes.refusals());
        }
        applied.forEach(
                it -> SetParameters.write(work.session(), ledger().entry(it).orElseThrow(), options.parameters()));
        Optional<Outcome> veto = veto(reverted, "prerevert").or(() -> veto(applied, "preapply"));
        if (veto.isPresent()) {
            return veto.get();
        }
        Optional<Splice> splice =
                changes.sites().isEmpty() ? Optional.empty() : Optional.of(new Splice(work.session(), changes.sites()));
        announce(changes, 0, 0);
        Step.CHANGE_NOTED.isDone();
        try {
            splice.ifPresent(it -> it.prepare(
                    work::borrow, work.files(), (address, sizeBytes) -> announce(changes, address, sizeBytes)));
        } catch (RuntimeException e) {
            work.recover();
            throw e;
        }
        work.session().letOthersRun();
        Quiesce quiesce = new Quiesce(work.session(), work.files(), ledger(), work.room(), work.filters());
        boolean isChainEnough = options.policy() == Policy.CALLS;
        List<Hook> first = new ArrayList<>(hooks(reverted, "revert"));
        first.addAll(hooks(applied, "load"));
        first.addAll(hooks(applied, "apply"));
        List<Hook> last = hooks(reverted, "unload");
        Change all = first.isEmpty() && last.isEmpty()
                ? splice.map(Change.class::cast).orElse(Change.NONE)
                : new WithHooks(first, splice, last);
        Quiesce.Result result;
        try {
            result = quiesce.run(changes.ranges(), options.timeout(), isChainEnough, all);
        } catch (RuntimeException | InterruptedException e) {
            try {
                settle(changes, splice, false);
            } catch (ProcessException gone) {
                e.addSuppressed(gone);
            }
            throw e;
        }
        Step.CODE_CHANGED.isDone();
        settle(changes, splice, result.isDone());
        Step.CHANGE_SETTLED.isDone();
        if (!result.isDone()) {
            return new TimedOut(result.cost(), ledger().state(name), result.inTheWay());
        }
        callAfterwards(hooks(reverted, "postrevert"));
        callAfterwards(hooks(applied, "postapply"));
        List<Refusal> allNotes = new ArrayList<>(notes);
        allNotes.addAll(result.notes());
        return new Done(result.cost(), allNotes);
    }

    private void settle(Changes changes, Optional<Splice> splice, boolean committed) {
        boolean isDone = committed || splice.isPresent() && splice.get().isDone();
        if (!isDone) {
            splice.ifPresent(it -> it.discard(work::borrow));
            if (splice.filter(Splice::isHalfDone).isPresent()) {
                // What was about to be stays in the ledger: the next command says so, too.
                return;
            }
        }
        work.write(isDone ? changes.after() : ledger().withoutPending());
    }

    private void announce(Changes changes, long spare, long spareBytes) {
        work.write(ledger().withPending(new Ledger.Pending(
                changes.sites(), changes.after().entries(), changes.after().applied(), spare, spareBytes)));
    }

    private record WithHooks(List<Hook> first, Optional<Splice> splice, List<Hook> last) implements Change {
        @Override
        public void addCalls(Keeper keeper) {}

        @Override
        public void with(BorrowedThread thread) {
            call(thread, first);
            splice.ifPresent(it -> it.with(thread));
            call(thread, last);
        }
    }

    private static void call(BorrowedThread thread, List<Hook> hooks) {
        for (Hook hook : hooks) {
            thread.invoke(hook.address(), 0, 0);
        }
    }

    private void callAfterwards(List<Hook> hooks) {
        if (!hooks.isEmpty()) {
            work.borrow().with(thread -> {
                call(thread, hooks);
                return null;
            });
        }
    }

    private Optional<Outcome> veto(List<String> names, String kind) {
        for (String name : names) {
            for (Hook hook : hooks(List.of(name), kind)) {
                int answer = work.borrow()
                        .with(thread -> thread.invoke(hook.address(), 0, 0))
                        .intValue();
                if (answer != 0) {
                    return Optional.of(refused(
                            name,
                            "its %s hook says no (%d)".formatted(kind, answer),
                            "The author of the payload knows what it waits for."));
                }
            }
        }
        return Optional.empty();
    }

    Outcome unload(String name) throws InterruptedException {
        Optional<Outcome> no = unlessIn(name, State.CHECKED).or(() -> stillReferredTo(name));
        if (no.isPresent()) {
            return no.get();
        }
        Entry entry = ledger().entry(name).orElseThrow();
        Range code = new Range(entry.region() - 1, entry.region() + entry.codeBytes(), name, true);
        Ledger before = ledger();
        Quiesce quiesce = new Quiesce(work.session(), work.files(), before, work.room(), work.filters());
        // Once nobody is in a payload that is not applied, nobody gets there any more.
        FindPointers pointers = new FindPointers(work, entry);
        boolean isChainEnough = options.policy() == Policy.CALLS;
        Quiesce.Result result = quiesce.run(List.of(code), options.timeout(), isChainEnough, pointers);
        if (!result.isDone()) {
            return new TimedOut(result.cost(), State.CHECKED, result.inTheWay());
        }
        // First out of the list: from then on nobody applies it, whoever is killed. Its memory stays until the unwinder
        // has forgotten it, and that nobody who was killed can say.
        Step.PAYLOAD_LEFT.isDone();
        Ledger after = before.without(name);
        work.write(after.withPending(Ledger.Pending.memory(after, 0, 0)));
        Step.PAYLOAD_OUT_OF_LIST.isDone();
        forgetFrames(entry);
        Step.UNWINDER_FORGOT.isDone();
        Optional<String> pointer = pointers.find(work.borrow());
        if (pointer.isPresent()) {
            work.write(after);
            List<Refusal> notes = new ArrayList<>(result.notes());
            notes.add(kept(entry, pointer.get()));
            return new Done(result.cost(), notes);
        }
        work.write(after.withPending(Ledger.Pending.memory(after, entry.region(), entry.regionBytes())));
        Step.GIVING_BACK_NOTED.isDone();
        work.unmap(entry);
        work.write(after);
        Step.PAYLOAD_GONE.isDone();
        return new Done(result.cost(), result.notes());
    }

    private static Refusal kept(Entry entry, String what) {
        return new Refusal(
                entry.name(),
                "",
                "its %,d bytes of memory stay, as something leads there: %s".formatted(entry.regionBytes(), what),
                "It is out of the list and cannot be applied again; load it anew if you need it.");
    }

    private Optional<Outcome> stillReferredTo(String name) {
        return ledger().entries().stream()
                .filter(entry -> entry.refersTo().contains(name))
                .findFirst()
                .map(entry ->
                        refused(name, "%s refers to what is in it".formatted(entry.name()), "Unload that one first."));
    }

    private void forgetFrames(Entry entry) {
        if (!entry.isUnwinderTold()) {
            return;
        }
        LoadedFile file = work.files()
                .withBuildId(entry.targetBuildId())
                .orElse(work.files().all().getFirst());
        ResolveSymbols symbols = new ResolveSymbols(
                work.files(),
                file,
                work.session().memory(),
                Ledger.EMPTY,
                work.session().pid());
        Optional<Found> function =
                symbols.find("__deregister_frame_info").filter(found -> found.type() == Elf.STT_FUNC);
        function.ifPresent(found -> work.borrow()
                .with(
                        thread -> thread.invoke(found.address(), entry.frames(), 0),
                        new HeldLocks(work.session(), work.files(), work.ledger())::why));
    }
}

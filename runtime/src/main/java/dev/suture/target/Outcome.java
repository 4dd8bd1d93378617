package dev.suture.target;

import dev.suture.Refusal;
import java.util.List;

/** How an action ended. */
public sealed interface Outcome {
    /** What the action cost, as far as it got. */
    Cost cost();

    /**
     * What an action cost.
     *
     * @param stoppedMicros how long the target stood still for the action itself, in microseconds
     * @param waitedMicros how long it took to find a moment in which it could be done, the target running in between
     * @param attempts how often the target was stopped for it
     */
    record Cost(long stoppedMicros, long waitedMicros, int attempts) {
        /** Of an action that never touched the target. */
        public static final Cost NONE = new Cost(0, 0, 0);
    }

    /**
     * It was done.
     *
     * @param notes what is to be known about it all the same
     */
    record Done(Cost cost, List<Refusal> notes) implements Outcome {
        public Done {
            notes = List.copyOf(notes);
        }

        public Done(Cost cost) {
            this(cost, List.of());
        }
    }

    /**
     * It cannot be done; the target is as it was.
     *
     * @param refusals all reasons that were found
     */
    record Refused(Cost cost, List<Refusal> refusals) implements Outcome {
        public Refused {
            refusals = List.copyOf(refusals);
        }

        public Refused(Refusal... refusals) {
            this(Cost.NONE, List.of(refusals));
        }
    }

    /**
     * There was no moment for it in the time it had.
     *
     * @param observed the state seen afterwards
     * @param inTheWay who or what stood in the way at the last attempt
     */
    record TimedOut(Cost cost, State observed, List<Refusal> inTheWay) implements Outcome {
        public TimedOut {
            inTheWay = List.copyOf(inTheWay);
        }
    }

    /**
     * Nobody knows whether it was done.
     *
     * @param lastStep what was being done when the target was lost
     */
    record Unknown(Cost cost, String lastStep) implements Outcome {}
}

package dev.suture.effect;

import dev.suture.LivePatchException;
import java.util.Set;

/** Events that an author will see to, so that a fix which takes effect only then may go in. */
public record AcceptedEffects(Set<String> events) {
    /** The program or system is started anew. */
    public static final String RESTART = "restart";
    /** Only what is made and registered from now on is to have the new function. */
    public static final String NEW_OBJECTS = "new-objects";
    /** Processors are taken offline and online again. */
    public static final String CPU_ONLINE = "cpu-online";
    /** A function that never returns is started again; the function's name follows. */
    public static final String NEXT_START_OF = "next-start-of:";

    /** Nothing is accepted. */
    public static final AcceptedEffects NONE = new AcceptedEffects(Set.of());

    /** @throws LivePatchException if there is no such event */
    public AcceptedEffects {
        events = Set.copyOf(events);
        for (String event : events) {
            boolean isKnown = Set.of(RESTART, NEW_OBJECTS, CPU_ONLINE).contains(event)
                    || event.startsWith(NEXT_START_OF) && event.length() > NEXT_START_OF.length();
            if (!isKnown) {
                throw new LivePatchException(
                        "--accept-effect %s: there is no such event; there are %s, %s, %s and %sFUNCTION"
                                .formatted(event, RESTART, NEW_OBJECTS, CPU_ONLINE, NEXT_START_OF));
            }
        }
    }

    boolean restart() {
        return events.contains(RESTART);
    }

    boolean newObjects() {
        return events.contains(NEW_OBJECTS);
    }

    boolean processors() {
        return events.contains(CPU_ONLINE);
    }

    boolean nextStartOf(String function) {
        return events.contains(NEXT_START_OF + function);
    }
}

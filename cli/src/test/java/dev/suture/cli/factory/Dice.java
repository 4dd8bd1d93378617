package dev.suture.cli.factory;

import java.util.List;
import java.util.SplittableRandom;

/** What is left to chance; the same seed gives the same. */
public final class Dice {
    private final SplittableRandom random;

    public Dice(long seed) {
        random = new SplittableRandom(seed);
    }

    /** {@return a number below another one} */
    public int below(int bound) {
        return random.nextInt(bound);
    }

    boolean chance(int percent) {
        return below(100) < percent;
    }

    <T> T pick(List<T> all) {
        return all.get(below(all.size()));
    }

    @SafeVarargs
    final <T> T pick(T... all) {
        return all[below(all.length)];
    }

    long number() {
        return chance(70) ? below(50) : Integer.toUnsignedLong(random.nextInt());
    }
}

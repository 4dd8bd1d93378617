package dev.suture.build.make;

import dev.suture.build.ObjectPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Pairs the objects of two builds by their names. */
final class PairObjects {
    private PairObjects() {}

    /** {@return what is compiled otherwise, or in one of the builds alone} */
    static List<ObjectPair> pairs(Reached base, List<CompileStep> from, List<CompileStep> to, Reached patched) {
        List<ObjectPair> pairs = new ArrayList<>();
        for (CompileStep step : to) {
            Optional<CompileStep> twin = base.named(patched.name(step));
            pairs.add(new ObjectPair(
                    patched.name(step),
                    twin.map(base::object),
                    Optional.of(patched.patched(step)),
                    patched.input(step)));
        }
        Set<String> there = to.stream().map(patched::name).collect(Collectors.toSet());
        for (CompileStep step : from) {
            if (!there.contains(base.name(step))) {
                pairs.add(new ObjectPair(
                        base.name(step), Optional.of(base.object(step)), Optional.empty(), base.input(step)));
            }
        }
        return pairs;
    }

    /** {@return what earlier patches reach and these do not} */
    static List<ObjectPair> same(Reached base, LinkPrograms.Below below) {
        return Stream.concat(below.steps().stream(), below.added().stream())
                .map(step -> new ObjectPair(
                        base.name(step),
                        Optional.of(base.object(step)),
                        Optional.of(base.object(step)),
                        base.input(step)))
                .toList();
    }
}

package dev.suture.certify;

import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import dev.suture.elf.ElfFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds the functions that the unpatched build inlined a changed one into, from debug information.
 *
 * <p>Such a function has the old body in it until it is replaced itself. That none is left behind was proved already,
 * since each function of the patched program was compared with all of its code; this tells which ones it was about.
 */
final class FindInlined {
    private FindInlined() {}

    /**
     * {@return where changed functions were inlined}
     *
     * @param objectFiles the tree's objects, by name
     */
    static List<Certificate.InlinedInto> find(
            Judgement judgement, java.util.function.Function<String, Path> objectFiles) {
        Map<String, Map<String, String>> states = new TreeMap<>();
        put(states, judgement.replaced(), "replaced");
        put(states, judgement.missing(), "missing");
        put(states, judgement.bootOnly(), "boot only");
        List<Certificate.InlinedInto> found = new ArrayList<>();
        states.forEach((object, ofFunctions) -> {
            Path file = objectFiles.apply(object);
            if (file.toFile().isFile()) {
                find(object, ofFunctions, Functions.read(ElfFile.read(file)), found);
            }
        });
        return found;
    }

    private static void put(Map<String, Map<String, String>> states, List<Finding> findings, String state) {
        for (Finding finding : findings) {
            String local = finding.name().substring(finding.name().lastIndexOf('#') + 1);
            states.computeIfAbsent(finding.object(), object -> new LinkedHashMap<>())
                    .put(sourceName(local), state);
        }
    }

    /** {@return the name in the source of what the compiler may have called {@code f.part.0}} */
    private static String sourceName(String symbol) {
        int end = symbol.indexOf('.');
        return end < 0 ? symbol : symbol.substring(0, end);
    }

    private static void find(
            String object, Map<String, String> states, Functions functions, List<Certificate.InlinedInto> found) {
        Map<String, Set<String>> hosts = new HashMap<>();
        for (Function function : functions.all()) {
            for (String inlined : function.inlinedNames()) {
                if (states.containsKey(inlined) && !inlined.equals(function.name())) {
                    hosts.computeIfAbsent(inlined, name -> new TreeSet<>()).add(function.name());
                }
            }
        }
        new TreeMap<>(hosts)
                .forEach((name, into) -> into.forEach(host ->
                        found.add(new Certificate.InlinedInto(object, name, host, states.getOrDefault(host, "same")))));
    }
}

package dev.suture.create;

import dev.suture.build.make.Links;
import dev.suture.effect.JudgeEffect;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import dev.suture.state.Target;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** What the linked program or hypervisor tells of functions that are in no patched object. */
record RunningTarget(JudgeEffect effect, Set<String> ofLibraries, boolean isWithoutLibrary) implements Target {
    /** {@return the same of a hypervisor} */
    static Target ofXen(JudgeEffect effect) {
        return new RunningTarget(effect, Set.of(), true);
    }

    /**
     * {@return what a program tells that was linked with the patches, too}
     *
     * <p>What the patches call first is the library's if the linker took it from there, and the running program has nothing
     * of that name.
     */
    static Target of(JudgeEffect effect, Image image, Links links) {
        Set<String> known = new HashSet<>();
        if (links instanceof Links.Made made) {
            known.addAll(KnownImports.ofLibraries(ElfFile.read(made.patched())));
            known.removeIf(name -> !image.all(name).isEmpty());
        }
        known.addAll(KnownImports.ofLibraries(image.elf()));
        return new RunningTarget(effect, known, false);
    }

    @Override
    public Optional<Set<String>> callers(String function) {
        return effect.callers(function);
    }

    @Override
    public Optional<Code> code(String function) {
        return effect.code(function).map(RunningTarget::code);
    }

    @Override
    public Optional<Code> codeAt(long address) {
        return effect.codeAt(address).map(RunningTarget::code);
    }

    private static Code code(JudgeEffect.Code code) {
        return new Code(code.name(), code.address(), code.bytes());
    }

    @Override
    public boolean isOfLibrary(String function) {
        return ofLibraries.contains(function);
    }
}

/** From a source patch to a payload. Runs where the compiler is; never sees a target. */
module dev.suture.create {
    requires transitive dev.suture.core;
    requires com.fasterxml.jackson.databind;
    requires io.github.javadiffutils;

    exports dev.suture.advise;
    exports dev.suture.build;
    exports dev.suture.build.make;
    exports dev.suture.build.xen;
    exports dev.suture.certify;
    exports dev.suture.create;
    exports dev.suture.diff;
    exports dev.suture.drift;
    exports dev.suture.effect;
    exports dev.suture.explain;
    exports dev.suture.link;
    exports dev.suture.linked;
    exports dev.suture.source;
}

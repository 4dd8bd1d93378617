/** Payloads on live targets and on rehearsals of them. Runs where the target is; never sees the compiler. */
module dev.suture.runtime {
    requires transitive dev.suture.core;
    requires org.apache.commons.compress;

    exports dev.suture.engine;
    exports dev.suture.process;
    exports dev.suture.rehearse;
    exports dev.suture.target;
}

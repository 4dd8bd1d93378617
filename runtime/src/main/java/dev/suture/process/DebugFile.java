package dev.suture.process;

/**
 * What a debugger reads of one payload in a process.
 *
 * @param payload its name
 * @param bytes an ELF file: the code where it is in the process, the symbols and the unwinding information
 */
public record DebugFile(String payload, byte[] bytes) {}

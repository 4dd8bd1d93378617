/**
 * The source of a program with any build command, and patches in; pairs of objects out.
 *
 * <p>The passes, in order: {@link dev.suture.build.make.BuiltCopy} copies the source and runs the build command in the
 * copy, once for each state of the source, with compilers in front that write down how they are called; {@link
 * dev.suture.build.make.ReadCommands} reads that; {@link dev.suture.build.make.LinkedObjects} finds out which objects the
 * program at hand was linked from; {@link dev.suture.build.make.Reached} compiles those of them that the patches reach by
 * their own commands, which {@link dev.suture.build.make.MakeBuild} lets it do without and with the patches.
 */
package dev.suture.build.make;

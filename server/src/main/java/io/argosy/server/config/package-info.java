/**
 * Settings of a server process: typed keys, declared once, bound from a YAML file, the environment and flags.
 *
 * <p>Precedence: default, then file, then environment ({@code ARGOSY_RAFT_HEARTBEAT}), then flag ({@code
 * --raft.heartbeat=50ms}). Every problem is reported at once, with its place, the allowed values and the nearest known
 * key; nothing starts with a configuration that has one. No threads, no state.
 */
@NullMarked
package io.argosy.server.config;

import org.jspecify.annotations.NullMarked;

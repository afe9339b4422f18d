/**
 * What goes when it is old or the disk is full: the leader proposes how far the log is trimmed, every replica lets its log
 * drop what a committed trim and the flushed state allow.
 */
@NullMarked
package io.argosy.broker.retention;

import org.jspecify.annotations.NullMarked;

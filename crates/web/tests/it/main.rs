//! The web application as a browser and a program meet it, without a socket.

mod access;
mod attribution;
mod board;
mod calls;
mod edits;
mod entrance;
mod goal_parts;
mod handoffs;
mod huddles;
mod journal;
mod metrics;
mod pages;
mod pay;
mod periods;
mod plan_versions;
mod review;
mod scores;
mod site;
mod teams;
mod tracking;
mod uploads;
mod webhooks;

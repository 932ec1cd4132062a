DROP TABLE uptime;

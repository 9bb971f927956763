// What stands behind the Neon endpoint: something that gives sessions in a Postgres database.

export interface Statement {
  query: string;
  params: (string | null)[];
}

export interface Field {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeSize: number;
  dataTypeModifier: number;
  format: string;
}

export interface SqlResult {
  /** The first word of the command's tag: SELECT, INSERT, CREATE … */
  command: string;
  rowCount: number | null;
  fields: Field[];
  /** Every value in Postgres's own text form. */
  rows: (string | null)[][];
}

export type Session = (statement: Statement) => Promise<SqlResult>;

export interface SqlStore {
  /** Gives `work` a session that nobody else uses meanwhile. Postgres's errors come as the drivers throw them. */
  withSession<T>(work: (run: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
